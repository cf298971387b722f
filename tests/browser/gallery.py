"""Every block, element and text of Block Kit that the page draws, in messages and views that Slack would accept."""

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    """Return a plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """Return a mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def option(value: str, text: str, description: str | None = None) -> Json:
    """Return one option of a menu."""
    more = {"description": plain(description)} if description else {}
    return {"text": plain(text), "value": value, **more}


def paragraph(*parts: Json) -> Json:
    """Return a rich_text_section."""
    return {"type": "rich_text_section", "elements": list(parts)}


def word(text: str, **style: bool) -> Json:
    """Return a text element of rich_text."""
    return {"type": "text", "text": text} | ({"style": style} if style else {})


SIZES = [option("s", "Small"), option("m", "Medium"), option("l", "Large")]
SURE = {
    "title": plain("Are you sure?"),
    "text": mrkdwn("This *deletes* it."),
    "confirm": plain("Yes"),
    "deny": plain("No"),
}
RICH = {
    "type": "rich_text",
    "elements": [
        paragraph(
            word("Full-time staff get "),
            word("28 days", bold=True),
            word(" of "),
            word("paid", italic=True),
            word(" leave "),
            {"type": "link", "url": "https://wiki.example.org/leave#uk", "text": "[1]"},
            word(", see "),
            word("POST /leave", code=True),
            word(" and "),
            word("not this", strike=True),
            word(". Ask "),
            {"type": "user", "user_id": "U0PRIYA"},
            word(" in "),
            {"type": "channel", "channel_id": "C0ASKPEOPLE"},
            word(" "),
            {"type": "emoji", "name": "tada"},
        ),
        {"type": "rich_text_list", "style": "bullet", "elements": [paragraph(word("One or two days: a week ahead"))]},
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 1,
            "elements": [paragraph(word("a list below the list"))],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "elements": [paragraph(word("Open Roster")), paragraph(word("Ask your manager"))],
        },
        {"type": "rich_text_quote", "elements": [word("Full-time staff get 28 days of paid leave a year.")]},
        {"type": "rich_text_preformatted", "elements": [word("kubectl get pods \\\n  --all-namespaces")]},
    ],
}
MARKDOWN = {
    "type": "markdown",
    "text": "## What to do\n\n1. **Open** the *runbook*\n   - check `queue.depth`\n   - or [ask](https://wiki.example.org/ask)\n"
    "2. ~~Wait~~ Act\n\n- [x] paged\n- [ ] resolved\n\n> Quoted\n\n"
    "| Plan | Price |\n|---|---|\n| Starter | 10 |\n| Team | 25 |\n\n"
    "```sql\nSELECT 1 < 2;\n```\n\n---\nDone, `<!channel>` is only text here.",
}
TABLE = {
    "type": "table",
    "column_settings": [{"align": "left"}, {"align": "right"}, {"align": "center", "is_wrapped": True}],
    "rows": [
        [{"type": "raw_text", "text": text} for text in ("Situation", "Cost a month", "Advice")],
        [
            {"type": "raw_text", "text": "Facts change weekly"},
            {"type": "raw_text", "text": "120"},
            {"type": "rich_text", "elements": [paragraph(word("search", bold=True))]},
        ],
        [{"type": "raw_text", "text": text} for text in ("Fixed format", "40", "fine-tune")],
    ],
}
CONTAINER = {
    "type": "container",
    "title": plain("[1] Annual leave (UK) › How much"),
    "subtitle": plain("as of 3 May 2026"),
    "is_collapsible": True,
    "default_collapsed": False,
    "child_blocks": [
        {"type": "section", "text": mrkdwn(">Full-time staff get 28 days of paid leave a year.")},
        {"type": "context", "elements": [mrkdwn("passage 12 · score 0.87")]},
    ],
}
FEEDBACK = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": {"text": plain("Good"), "value": "good", "accessibility_label": "A good answer"},
            "negative_button": {"text": plain("Bad"), "value": "bad", "accessibility_label": "A bad answer"},
        },
        {"type": "icon_button", "icon": "trash", "action_id": "remove", "text": plain("Remove")},
    ],
}
ACTIONS = {
    "type": "actions",
    "block_id": "acts",
    "elements": [
        {"type": "button", "action_id": "go", "text": plain("Go"), "style": "primary", "value": "1"},
        {"type": "button", "action_id": "stop", "text": plain("Stop"), "style": "danger", "confirm": SURE},
        {"type": "button", "action_id": "open", "text": plain("Open the page"), "url": "https://wiki.example.org/x"},
        {"type": "static_select", "action_id": "size", "placeholder": plain("Size"), "options": SIZES},
        {"type": "users_select", "action_id": "who", "placeholder": plain("Somebody")},
        {"type": "conversations_select", "action_id": "where", "placeholder": plain("A channel")},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-05-04"},
        {"type": "timepicker", "action_id": "hour", "initial_time": "09:30"},
        {
            "type": "overflow",
            "action_id": "more",
            "options": [option("audit", "What was it shown?"), option("x", "Hide")],
        },
    ],
}
PLAN = {
    "type": "plan",
    "title": "Comparing three pages",
    "tasks": [
        {"type": "task_card", "task_id": "t1", "title": "Looked for plans", "status": "complete"},
        {
            "type": "task_card",
            "task_id": "t2",
            "title": "Reading",
            "status": "in_progress",
            "details": {"type": "rich_text", "elements": [paragraph(word("2 of 3 pages"))]},
            "sources": [{"type": "url", "url": "https://wiki.example.org/plans", "text": "Plans"}],
        },
        {"type": "task_card", "task_id": "t3", "title": "Writing", "status": "pending"},
    ],
}
SECTIONS: list[Json] = [
    {"type": "header", "text": plain("Every block :sparkles:")},
    {
        "type": "section",
        "text": mrkdwn(
            "*Bold*, _italic_, ~struck~, `code`, <https://wiki.example.org/a_b|a link>, <@U0MAYA>, 1 &lt; 2"
        ),
        "accessory": {"type": "button", "action_id": "beside", "text": plain("Beside")},
    },
    {"type": "section", "fields": [mrkdwn("*Pages*\n88"), mrkdwn("*Passages*\n473"), mrkdwn("*Age*\n3 min")]},
    {
        "type": "section",
        "text": plain("Choose what applies"),
        "accessory": {
            "type": "checkboxes",
            "action_id": "boxes",
            "options": [option("a", "Facts change", "weekly or faster"), option("b", "Many users")],
            "initial_options": [option("a", "Facts change", "weekly or faster")],
        },
    },
    {
        "type": "section",
        "text": plain("One of"),
        "accessory": {"type": "radio_buttons", "action_id": "r", "options": SIZES},
    },
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("index 3 minutes old · *smollm2-135m* · 1.4 s"), plain("plain")]},
]
EXTRAS: list[Json] = [
    {
        "type": "image",
        "image_url": "https://elsewhere.example/chart.png",
        "alt_text": "A chart of costs",
        "title": plain("Costs"),
    },
    {
        "type": "carousel",
        "elements": [
            {
                "type": "card",
                "title": mrkdwn("*Search*"),
                "body": mrkdwn("Facts that change."),
                "subtitle": plain("RAG"),
            },
            {"type": "card", "title": mrkdwn("*Fine-tuning*"), "body": mrkdwn("Behaviour that stays.")},
        ],
    },
    {
        "type": "video",
        "alt_text": "A tour",
        "title": plain("A tour"),
        "thumbnail_url": "https://elsewhere.example/t.png",
        "video_url": "https://elsewhere.example/v",
    },
]
MESSAGE = [*SECTIONS, RICH]
MESSAGES: list[list[Json]] = [MESSAGE, [MARKDOWN], [TABLE, CONTAINER, PLAN], [ACTIONS, FEEDBACK], EXTRAS]


def _input(name: str, label: str, element: Json, **more: object) -> Json:
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": {"action_id": "it", **element},
        **more,
    }


INPUTS = [
    _input("title", "Title", {"type": "plain_text_input", "placeholder": plain("In a few words")}),
    _input(
        "why", "Why", {"type": "plain_text_input", "multiline": True}, hint=plain("As long as you like"), optional=True
    ),
    _input("size", "Size", {"type": "static_select", "options": SIZES, "initial_option": SIZES[1]}),
    _input("sizes", "Sizes", {"type": "multi_static_select", "options": SIZES}, optional=True),
    _input("people", "People", {"type": "multi_users_select", "initial_users": ["U0MAYA", "U0SAM"]}),
    _input("where", "Channel", {"type": "conversations_select", "initial_conversation": "C0ITHELP"}),
    _input(
        "page",
        "Page",
        {"type": "external_select", "min_query_length": 1, "placeholder": plain("Any page")},
        optional=True,
    ),
    _input("how", "How often", {"type": "radio_buttons", "options": SIZES, "initial_option": SIZES[0]}),
    _input("which", "Which", {"type": "checkboxes", "options": SIZES}, optional=True),
    _input("day", "Day", {"type": "datepicker", "initial_date": "2026-05-04"}),
    _input("hour", "Hour", {"type": "timepicker", "initial_time": "09:30"}),
    _input("moment", "Moment", {"type": "datetimepicker", "initial_date_time": 1_800_000_000}, optional=True),
    _input("count", "How many", {"type": "number_input", "is_decimal_allowed": False, "initial_value": "3"}),
    _input("mail", "E-mail", {"type": "email_text_input"}, optional=True),
    _input("url", "Address", {"type": "url_text_input"}, optional=True),
    _input("rich", "Text", {"type": "rich_text_input"}, optional=True),
]


def form(*blocks: Json, title: str = "Every input", **more: object) -> Json:
    """Return a modal with a submit button."""
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [*blocks],
        **more,
    }


HOME: Json = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("How the index is doing")},
        {"type": "section", "fields": [mrkdwn("*Pages*\n88"), mrkdwn("*Passages*\n473")]},
        {"type": "actions", "elements": [{"type": "button", "action_id": "reindex", "text": plain("Reindex")}]},
    ],
}
