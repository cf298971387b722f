// The emoji that can be written as :name:, a small and honest choice.

const LIST = `
smile 😄|grin 😁|joy 😂|slightly_smiling_face 🙂|wink 😉|blush 😊|thinking_face 🤔|neutral_face 😐|confused 😕|cry 😢|sob 😭
sweat_smile 😅|sunglasses 😎|heart_eyes 😍|rolling_eyes 🙄|scream 😱|sleeping 😴|partying_face 🥳|saluting_face 🫡|face_palm 🤦
thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|clap 👏|raised_hands 🙌|pray 🙏|wave 👋|ok_hand 👌|muscle 💪|point_right 👉|eyes 👀
heart ❤️|broken_heart 💔|sparkles ✨|star ⭐|fire 🔥|tada 🎉|rocket 🚀|zap ⚡|bulb 💡|boom 💥|100 💯|seedling 🌱|evergreen_tree 🌲
white_check_mark ✅|heavy_check_mark ✔️|x ❌|warning ⚠️|no_entry ⛔|rotating_light 🚨|question ❓|exclamation ❗|information_source ℹ️
red_circle 🔴|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|white_circle ⚪|black_circle ⚫|small_blue_diamond 🔹
hourglass ⌛|hourglass_flowing_sand ⏳|alarm_clock ⏰|stopwatch ⏱️|calendar 📅|date 📅|clipboard 📋|memo 📝|pencil2 ✏️|page_facing_up 📄
books 📚|book 📖|bookmark 🔖|bookmark_tabs 📑|open_file_folder 📂|file_folder 📁|link 🔗|mag 🔍|mag_right 🔎|lock 🔒|unlock 🔓|key 🔑
bell 🔔|no_bell 🔕|speech_balloon 💬|thought_balloon 💭|email 📧|inbox_tray 📥|outbox_tray 📤|package 📦|gear ⚙️|wrench 🔧|hammer 🔨
bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|computer 💻|desktop_computer 🖥️|floppy_disk 💾|robot_face 🤖
bug 🐛|coffee ☕|pizza 🍕|cake 🍰|beers 🍻|ship 🚢|anchor ⚓|airplane ✈️|house 🏠|office 🏢|palm_tree 🌴|sunny ☀️|umbrella ☔
arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|arrow_left ⬅️|arrows_counterclockwise 🔄|leftwards_arrow_with_hook ↩️|repeat 🔁|hand ✋
one 1️⃣|two 2️⃣|three 3️⃣|stop_sign 🛑|no_entry_sign 🚫|construction 🚧|bust_in_silhouette 👤|busts_in_silhouette 👥|scales ⚖️|moneybag 💰
`;

export const EMOJI = new Map(LIST.trim().split(/[|\n]/).map((entry) => entry.split(" ")));

export const QUICK = ["+1", "-1", "eyes", "white_check_mark", "tada", "pray"];

// A name that is not in the list stays as it was written.
export const emojiNamed = (name) => EMOJI.get(name.replace(/::skin-tone-\d$/, "")) ?? `:${name}:`;

export const emojiFromCodes = (codes) => {
  try {
    return String.fromCodePoint(...codes.split("-").map((code) => Number.parseInt(code, 16)));
  } catch {
    return null;
  }
};
