"""files.*: an upload in two steps; what was uploaded is kept until the workspace ends."""

from dataclasses import replace

from bot.workspace.errors import CallRefused
from bot.workspace.messages import Message
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import BOT_ID, BOT_USER_ID
from bot.workspace.state import Upload
from bot.workspace.wire import Json


def get_upload_url(desk: Desk, arguments: Arguments) -> Json:
    """files.getUploadURLExternal."""
    length = arguments.number("length", 0)
    if length <= 0:
        raise CallRefused("invalid_arguments", "[ERROR] length must be more than 0")
    upload = Upload(desk.state.new_id("F"), arguments.text("filename"), length)
    desk.state.uploads[upload.id] = upload
    return {"upload_url": f"{desk.address}/upload/{upload.id}", "file_id": upload.id}


def complete_upload(desk: Desk, arguments: Arguments) -> Json:
    """files.completeUploadExternal: shares the files in one message."""
    uploads = [_received(desk, given) for given in arguments.objects("files")]
    if not uploads:
        raise CallRefused("invalid_arguments", "[ERROR] missing required field: files")
    for upload in uploads:
        desk.state.uploads[upload.id] = replace(upload, is_complete=True)
    if arguments.has("channel_id"):
        _share(desk, arguments, uploads)
    return {"files": [_form(upload) for upload in uploads]}


def info(desk: Desk, arguments: Arguments) -> Json:
    """files.info."""
    upload = desk.state.uploads.get(arguments.text("file"))
    if upload is None or not upload.is_complete:
        raise CallRefused("file_not_found")
    return {"file": _form(upload)}


def _received(desk: Desk, given: Json) -> Upload:
    upload = desk.state.uploads.get(str(given.get("id", "")))
    if upload is None or upload.is_complete:
        raise CallRefused("file_not_found")
    if len(upload.content) != upload.length:
        raise CallRefused("file_update_failed")
    return replace(upload, title=str(given.get("title") or upload.name))


def _share(desk: Desk, arguments: Arguments, uploads: list[Upload]) -> None:
    channel = desk.writable_channel(arguments.text("channel_id"))
    thread_ts = arguments.maybe("thread_ts")
    desk.check_thread(channel, thread_ts)
    desk.post(
        Message(
            channel.id,
            desk.state.new_ts(),
            BOT_USER_ID,
            text=arguments.maybe("initial_comment") or "",
            thread_ts=thread_ts,
            bot_id=BOT_ID,
            files=tuple(upload.id for upload in uploads),
        )
    )


def _form(upload: Upload) -> Json:
    return {"id": upload.id, "name": upload.name, "title": upload.title or upload.name, "size": upload.length}
