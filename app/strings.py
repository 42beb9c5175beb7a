"""Every word the user can see, in one place and ready for translation.

Sentences end with a full stop, labels do not. Fields are named, so that a translator may move them.
"""

from __future__ import annotations

import sys

from app.domain.settings import ThemeChoice
from mtp_mlx.api import RoundState

APP_NAME = "MTP MLX"

# The engine's end, each a clause that can follow "The engine"
COULD_NOT_START = "could not be started: {detail}"
RAN_OUT_OF_MEMORY = "ran out of memory"
WAS_KILLED = "was ended by the system, most likely for lack of memory"
CRASHED = "crashed (signal {signal})"
ENDED_SAYING = "ended: {last}"
RESTARTED_BY_USER = "was restarted by you"
ENDED = "ended by itself (exit code {code})"

# Engine trouble
ENGINE_SENTENCE = "The engine {reason}."
STARTING_AGAIN = "Starting it again…"
NOTHING_LOADED = "No model is loaded."
LOAD_FIRST = "Choose a model first."
ENGINE_IS_BUSY = "The engine is busy with another request."
WAIT_OR_STOP = "Wait for its end, or stop it."
DIED_TOO_OFTEN = "The engine {reason}. It has now died three times within a minute."
TRY_SMALLER = "Close other programs or use a smaller model, then restart the engine."
CHECK_INSTALLATION = "Check the installation, then restart the engine."
WRONG_PROTOCOL = "The engine speaks protocol {theirs}, this window speaks {ours}."
REINSTALL = "Install the engine and the window from the same release."
ENGINE_SILENT = "The engine has not answered for {seconds} s."
ENGINE_GARBLED = (
    "The window could not read a message of the engine. If a reply does not end, restart the"
    " engine."
)
SILENT_REMEDY = "It may be busy. If it stays silent, restart it."
RESTART = "Restart engine"

# The engine's state, in a few words
STARTING = "Starting the engine…"
LOADING = "Loading the model…"
LOADING_PHASE = "Loading: {phase}"
LOADING_PART = "Loading: {phase}, {done} of {total}"
FETCHING = "Fetching the model…"
FETCHING_PART = "Fetching the model: {done} of {total}"
FETCHING_WAITS = "{words} ({reason})"
MEMORY_SHORT = (
    "Memory is getting short: the model may need {need}, and {limit} are here for it now. Close"
    " other programs, or load a smaller model."
)
MEMORY_WARNING = (
    "The system says that memory is getting short. Close other programs, or load a smaller model."
)
MEMORY_CRITICAL = (
    "The system says that memory is critically short. Stop the reply, close other programs, or"
    " unload the model."
)
RESTARTING = "Restarting the engine…"
ENGINE_STOPPED = "The engine is not running"
PAIR_FAILED = "{name} could not be loaded: {reason}. {other} is loaded instead."
PAIR_TOO_BIG = (
    "{reason} {other} is loaded instead. Loaded anyway, it may be very slow, and may end the"
    " engine; your chats stay."
)
PAIR_TOO_BIG_LOAD = "Load anyway"
PAIR_TOO_BIG_LEAVE = "Not now"
PAIR_WITH_CONTEXT = "{pair} · {tokens} tokens"
PAIR_CHOOSE = "Choose the model"
PAIR_CANCEL = "Stop loading"
PAIR_UNLOAD = "Unload the model"
PAIR_LOAD_AGAIN = "Load {name}"
PAIR_OFFER = "This chat was written with {name}."
PAIR_OFFER_LOAD = "Load it"
PAIR_OFFER_KEEP = "Go on with {name}"
NO_MODEL_LOADED = "No model loaded"
PAIR_WITH_DRAFTER = "{target} + MTP"
BUILT_IN = "Built-in demo pair"

# MTP
MTP = "MTP"
MTP_SWITCH_HELP = "Draft several tokens a round and verify them in one pass"
MTP_DEPTH_HELP = "How many tokens to draft a round"
AUTO = "Auto"
DEPTH = "K {depth}"
DEPTH_AUTO_LONG = "Auto: choose K every round, as measured"
DEPTH_ONE_LONG = "K 1: draft one token a round"
DEPTH_LONG = "K {depth}: draft {depth} tokens a round"
EFFECT_WAITING = "waiting for the engine"
EFFECT_READY_AUTO = "ready, K chosen every round"
EFFECT_READY_DEPTH = "ready, K {depth}"
EFFECT_OFF = "off"
EFFECT_OFF_BECAUSE = "off: {reason}"
EFFECT_DRAFTING = "drafting, K {depth}"
EFFECT_PARKED = "parked: {reason}"
EFFECT_PARKED_DEFAULT = "plain decoding is faster here"
EFFECT_PROBE = "probing, K {depth}"
EFFECT_READING = "on once the prompt is read"
EFFECT_NEXT_ROUND = "{now} (changes with the next round)"
EFFECT_ELSEWHERE = "in another chat: {now}"
NO_ENGINE = "the engine is not running"
NO_MODEL = "no model is loaded"
NO_DRAFTER = "this target has no drafter"

# Conversation
UNTITLED = "New chat"
FINISH = {
    "finished": "finished",
    "length": "length limit",
    "cancelled": "stopped by you",
    "interrupted": "interrupted: the program was closed while this was being written",
}
FINISH_DIED = "engine died: it {reason}"
FINISH_ERROR = "ended by an error: {message}"
OBSTACLE_WRITING = "A reply is being written. Esc stops it."
OBSTACLE_ELSEWHERE = "A reply is being written in “{title}”. Wait for it, or stop it there."
OBSTACLE_READING = "A file is being read…"
OBSTACLE_COUNTING = "Counting its tokens before it is sent…"
OBSTACLE_STOPPING = "Stopping the last reply…"
OBSTACLE_STARTING = "The engine is starting…"
OBSTACLE_LOADING = "The model is loading…"
OBSTACLE_FAILED = "The engine is not running."

# Storage
CHATS_SET_ASIDE = (
    "The saved chats could not be opened ({reason}). The file was kept as “{name}”,"
    " and a new one begun."
)
CHATS_MENDED = (
    "The file of the saved chats was damaged ({reason}). What could be read of it is here:"
    " {count} messages. The damaged file was kept as “{name}”."
)
CHATS_KEPT = "A damaged file of saved chats was kept in the data folder: {names}."
CHATS_CLOSED = (
    "The saved chats cannot be opened ({reason}). Nothing is kept in this session unless that"
    " changes; it is tried again and again."
)
CHATS_NEWER = (
    "The saved chats were written by a newer release of this program and are left as they are."
    " Nothing is kept in this session: install that release to go on with them."
)
LOG_BROKEN = "its log is broken in the middle"
LOG_CUT = "the end of its log is missing"
NAMES_UNREADABLE = "its names are not readable"
HEADER_DAMAGED = "its header is damaged"
SCHEMA_DAMAGED = "its tables are not as they were made"
LOG_ALONE = "its log was there without it"
MESSAGES_REATTACHED = (
    "{count} messages had lost the message they followed. They now follow what was written before"
    " them."
)
VALUES_UNREADABLE = (
    "{count} values of this chat could not be read. They are kept as they are in the file, and the"
    " rest is shown."
)
CHATS_PARTLY_UNREADABLE = (
    "{count} values in the list of chats could not be read. They are kept as they are in the file."
)
SETTINGS_UNREADABLE = (
    "Part of the settings could not be read ({names}) and has its default. The file is kept as"
    " “{kept}”."
)
SETTINGS_CLOSED = (
    "The settings, or part of them, cannot be read ({reason}). Their file is left as it is."
)
SETTINGS_ALL = "all of them"
START_FAILED = (
    "The last chat could not be shown ({reason}), so this is an empty one. It is still in the list"
    " of chats; more is written down in {path}."
)
DEFECT = "Something went wrong in this program; what it was is written down in {path}."
NOT_SAVED = (
    "Something could not be saved yet: {reason}. It is kept in memory and tried again until it is."
)
BACK_UP = "Back up everything…"
BACKUP_NAME = "MTP MLX backup {day}"
BACKUP_FILE = "Backup (*.zip)"
BACKED_UP = "Everything is backed up in “{name}”."
NOT_BACKED_UP = "The backup was not made: {reason}."
NOT_BACKED_UP_REMEDY = "Choose another place or free some space, then try again."
RESTORE = "Restore a backup…"
RESTORE_QUESTION = (
    "Replace all chats, settings and reports by those of {day}? What is here now is kept as a"
    " backup in the data folder first."
)
RESTORE_NOW = "Replace"
RESTORED = (
    "The backup of {day} is restored. What was here before is kept as “{name}”, in the folder"
    " “backups” of the data folder."
)
BEFORE_RESTORE = "before a restore {stamp}"
NOT_RESTORED = "The backup was not restored, and nothing was changed: {reason}."
NOT_RESTORED_REMEDY = "Choose another backup."
BACKUP_FOREIGN = "the file is not a backup of this program"
BACKUP_TORN = "it is damaged ({name})"
BACKUP_NO_ROOM = "there is too little space for it"
BACKUP_NEWER = (
    "The backup was not restored, and nothing was changed: a newer release of this program wrote"
    " it."
)
BACKUP_NEWER_REMEDY = "Install that release, or choose another backup."
BACKUP_OTHER_WINDOW = "another window uses these chats"
BACKUP_OTHER_WINDOW_REMEDY = "Close the other windows, then try again."
BACKUP_WRITING = "a reply is being written"
BACKUP_WRITING_REMEDY = "Wait for it or stop it, then try again."
UNSAVED_AT_QUIT = (
    "Something you wrote is not saved yet, because the disk does not take it. If you quit now, it"
    " is lost. Free some space and try again, or save it in another place."
)
UNSAVED_CHANGES = (
    "A change to the list of chats, such as a title or a pin, is not saved yet, because the disk"
    " does not take it. If you quit now, it is lost. Free some space and try again."
)
SAVE_UNSAVED = "Save elsewhere…"
UNSAVED_FILE = "unsaved chats.md"
TRY_AGAIN = "Try again"
QUIT_UNSAVED = "Quit without saving"
QUIT_ASK = "Quit MTP MLX?"
QUIT_REPLY = (
    "A reply is being written. What is written so far is kept, and Continue goes on from there."
)
QUIT_BENCHMARK = "A benchmark is running. Its finished runs are kept in the report."
QUIT_COMPARISON = "A comparison is running. Nothing is kept of it."
QUIT_TRIAL = "A size is being tried. Nothing is kept of it."
QUIT_CONVERSION = (
    "A smaller copy of a model is being made. It is listed under Models, and goes on from there."
)
QUIT_FETCH = (
    "A download is not finished. It can go on without this window, or pause: then it is offered"
    " again at the next start, and nothing is fetched twice."
)
QUIT_FETCH_ON = "Quit, and go on downloading"
QUIT_FETCH_PAUSED = "Quit and pause"
OPENED_TOO_MANY = "Two reports can be open at a time; {count} more were left closed."
OPENED_NOT = "{first} {count} more could not be opened."

# Numbers
SEPARATOR = " · "
RATE_NOW = "tok/s now"
RATE_LAST = "tok/s, last reply"
RATE_FIRST = "first token"
RATE_STALE = "no token for {clock}"
PROMPT_WAITING = "Waiting for the engine · {clock}"
PROMPT_READING = "Reading the prompt: {done} of {total} · {clock}"
MEMORY_OF = "{active} of {limit}"
FOOTER_RATE = "{rate} tok/s"
FOOTER_PARTLY = "{speed_up} while MTP was on"
FOOTER_ACCEPTED = "{percent} accepted"
FOOTER_TTFT = "first token {seconds}"
FOOTER_ACCEPTED_IN = "{percent} accepted in {rounds}"
MEANS_RATE = "Tokens decoded a second, from the first token to the last, without the prompt."
MEANS_RATE_NOW = "Tokens written a second, over the last second and a half."
MEANS_SPEED_UP = (
    "How many times as fast this reply was decoded as without MTP, measured at about the same time"
    " and length. {note}"
)
MEANS_DRAFTED = "In how many of all rounds tokens were drafted; the others are plain steps."
MEANS_ACCEPTED = "The share of drafted tokens that the target accepted."
MEANS_ACCEPTED_OF = "The share of drafted tokens that the target accepted: {accepted} of {drafted}."
MEANS_ACCEPTED_IN = (
    "The share of drafted tokens that the target accepted: {accepted} of {drafted}. They were"
    " drafted in {rounds}; the others are plain steps."
)
MEANS_TTFT = "The time from the request to the first token: mostly reading the prompt."
MEANS_FINISH = "How the reply ended."
MEANS_TAU = "Mean tokens of the rounds that drafted: accepted drafts and one of the target's own."
MEANS_TOKENS_PER_ROUND = (
    "Mean tokens of all rounds, plain steps too: drafts explain no greater speed-up than this."
)
MEANS_MEMORY = (
    "What the engine holds, of what the system recommends at most; 1 GB is 1 000 000 000 bytes."
)
MEANS_BY_POSITION = (
    "For the first draft of a round, the second and so on: the share of rounds that accepted it."
)
MEANS_LANE_RATE = "Tokens a second from this run's first token up to the moment shown."
MEANS_LANE_TOKENS = "The tokens that this run wrote."
MEANS_COMPARED = (
    "The speed of the run with MTP over the run without. An interval needs several runs of each."
)
FACT_FINISH = "How it ended"
FACT_TOKENS = "Tokens written"
FACT_RATE = "Speed"
FACT_TTFT = "Time to first token"
FACT_PROMPT = "Prompt tokens"
FACT_PREFILL = "Prompt speed"
FACT_ACCEPTED = "Drafts accepted"
FACT_TAU = "Tokens a drafting round (τ)"
FACT_TOKENS_PER_ROUND = "Tokens a round, all rounds"
FACT_DRAFTED = "Drafted in"
FACT_POSITIONS = "Accepted by position"
FACT_PEAK = "Peak memory"
FACT_MTP = "MTP"
FACT_SAMPLING = "Sampling"
TOKENS_A_SECOND = "{rate} tok/s"
PROMPT_REUSED = "{total} ({reused} reused)"
ACCEPTED_OF = "{accepted} of {drafted} ({percent})"
GREEDY = "greedy, seed {seed}"
SAMPLED = "T {temperature}, top-k {top_k}, top-p {top_p}, seed {seed}"

# Window
MENU_FILE = "File"
MENU_EDIT = "Edit"
MENU_VIEW = "View"
MENU_CHAT = "Chat"
MENU_MODEL = "Model"
MENU_WINDOW = "Window"
MENU_THEME = "Theme"
MENU_HELP = "Help"
REDO = "Redo"
CUT = "Cut"
PASTE = "Paste"
CLOSE_WINDOW = "Close window"
MINIMIZE = "Minimise"
ZOOM_WINDOW = "Zoom"
FULL_SCREEN = "Full screen"
LARGER_TEXT = "Larger text"
SMALLER_TEXT = "Smaller text"
USUAL_TEXT = "Actual size"
FIND = "Find in this chat…"
FIND_HINT = "Find in this chat"
FIND_NEXT = "Find next"
FIND_PREVIOUS = "Find previous"
FIND_CLOSE = "Close the search (Esc)"
FIND_PLACE = "{at} of {count}"
FIND_COUNT = "{count} found"
FIND_SEARCHING = "Searching…"
FIND_NONE = "Not found"
SHORTCUTS = "Keyboard shortcuts"
SHORTCUTS_MORE = (
    "In the composer, Enter sends and Shift+Enter begins a new line. Esc stops a reply. Tab goes"
    " from control to control."
)
NEW_CHAT = "New chat"
PREVIOUS_CHAT = "Previous chat"
NEXT_CHAT = "Next chat"
SHOW_WRITING = "Go to the reply being written"
FOCUS_MESSAGE = "Write a message"
STOP_REPLY = "Stop the reply"
REGENERATE = "Regenerate"
COPY_LAST = "Copy the last reply"
SAVE_REPORT = "Save speed report…"
REPLY_SETTINGS = "Reply settings…"
MTP_ON = "Multi-token prediction"
OVERLAY_TOGGLE = "Speed overlay"
QUIT = "Quit"
ABOUT = "About MTP MLX"
ABOUT_PURPOSE = (
    "Chat with Gemma 4 on Apple silicon, made visibly faster by multi-token prediction. Everything"
    " runs on this computer; nothing is sent anywhere."
)
ABOUT_VERSION = "Version {version}, commit {commit}"
ABOUT_VERSION_ONLY = "Version {version}"
ABOUT_CHANGED = "with changes that are in no commit"
ABOUT_LICENCE = (
    "Licensed under the Apache License, Version 2.0. The models come under terms of their own;"
    " Gemma is a trademark of Google. The built-in font for formulas is an extract of STIX Two Math"
    " (SIL Open Font License)."
)
ABOUT_LICENCES = "Licences of all parts"
ABOUT_COPY = "Copy"
THEMES: dict[ThemeChoice, str] = {"system": "System", "light": "Light", "dark": "Dark"}
EFFECT = "What MTP does now: {effect}"
PALETTE = "Commands"
PALETTE_COMMAND = "Command palette…"
PALETTE_HINT = "Type a command"
PALETTE_NOTHING = "No command has this name"
DISMISS = "Dismiss"

# Conversation
CONVERSATION = "Conversation"
YOU = "You"
MODEL = "Reply"
CODE = "Code"
COPY_CODE = "Copy the code"
COPIED = "Copied"
COPY_REPLY = "Copy the reply"
REPLY_NUMBERS = "Numbers of this reply"
NO_NUMBERS = "no numbers were saved"
WAITING_DOTS = "…"
THINKING = "Thinking…"
THOUGHT = "Thought"
THOUGHT_FOR = "Thought for {seconds}"
GO_TO_END = "Go to the end"
REPLY_STARTED = "The reply begins."
REPLY_ENDED = "The reply has ended: {finish}."
REPLY_ENDED_ELSEWHERE = "The reply in “{title}” has ended: {finish}."
WELCOME = "What would you like to know?"
WELCOME_FIRST = "Welcome. Ask the model something"
WELCOME_NOTE = "Everything runs on this computer. The overlay shows the speed."
WELCOME_BUILT_IN = (
    "This is the small demo pair that ships with the program: a target and its drafter, to show"
    " multi-token prediction at once. It knows little. Gemma 4 knows more, and is two clicks away:"
    " get it, then load it. All of it runs here."
)
SUGGESTIONS = (
    "What is speculative decoding?",
    "Tell me a story about a fox.",
    "Write a Python function that reverses a list.",
)
EXPLAIN_NUMBERS = "What the numbers say"
NUMBERS_EXPLAINED = (
    ("tok/s", "Tokens written per second now; the curve shows the last minute."),
    ("Speed-up over plain", "How many times faster than without MTP, once measured here."),
    (
        "Drafts accepted",
        "The share of drafted tokens that the target accepted.",
    ),
    ("τ", "Tokens a round: the accepted drafts, and one token of the target's own."),
    ("By position", "That share for the first draft of a round, the second, and so on."),
)

# Composer
MESSAGE = "Message"
MESSAGE_HINT = "Message…"
SEND = "Send"
SEND_HELP = "Enter sends, Shift+Enter begins a new line"
STOP = "Stop"
SHOW_WRITTEN = "Go to reply"
SHOW_WRITTEN_HELP = "Open the chat in which a reply is being written"
STOP_HELP = "Stop the reply and keep what was written (Esc)"
CONTEXT = "{used} / {length} tokens"

# Overlay
OVERLAY = "Speed"
PIN = "Pin beside the conversation"
UNPIN = "Float over the conversation"
CLOSE_OVERLAY = "Close the overlay"
NOTHING = "—"
RATE_UNKNOWN = "tok/s"
RATE_PLOT = "Tokens a second over the reply, at most its last minute"
RATE_PEAK = "peak {rate}"
RATE_SPAN = "{span}"
SPEED_UP = "Speed-up over plain"
MEASURE = "Measure speed-up"
MEASURE_HELP = (
    "Plain speed was not measured near this reply: write 64 tokens again with MTP off, outside"
    " of the chat, and compare"
)
ACCEPTED = "Drafts accepted"
TAU = "Tokens with drafts, τ"
TOKENS_PER_ROUND = "Tokens a round, all"
DRAFTED_IN = "Drafted in"
MEMORY = "Memory"
BY_POSITION = "Accepted by draft position, %"
POSITION = "Draft {position}: {percent} accepted"
PROMPT_PROGRESS = "Prompt progress"

# Reply settings
SYSTEM_PROMPT = "System prompt"
SYSTEM_HINT = "How the model should answer in this chat"
SAMPLING = "Sampling"
EXPERT = "Expert settings"
RECOMMENDED = "As the model recommends"
TEMPERATURE = "Temperature"
TOP_K = "Top-k"
TOP_K_OFF = "off"
TOP_P = "Top-p"
DIFFERS = "Different from the model's own settings: {settings}"
DIFFERS_HELP = "Different from the model's own settings; click to see or change them"
DIFFERS_MORE = "{shown} +{count}"
DIFFERS_SYSTEM = "system prompt"
DIFFERS_TEMPERATURE = "T {value}"
DIFFERS_TOP_K = "top-k {value}"
DIFFERS_TOP_P = "top-p {value}"
DIFFERS_MIN_P = "min-p {value}"
DIFFERS_PENALTIES = "penalties"
DIFFERS_SEED = "seed {value}"
DIFFERS_LENGTH = "at most {value} tokens"
DIFFERS_THINKING = "thinking"
DIFFERS_RULE = "{rule} rule"
AS_BEFORE = "Settings as in the last chat"
FIXED_SEED = "Same seed every time"
SEED = "Seed"
MAX_TOKENS = "Max tokens"
THINK = "Think before answering"
DONE = "Done"
CANCEL = "Cancel"

# Presets and advice, in the reply settings
PRESET = "Preset"
PRESET_NONE = "Custom settings"
PRESET_OWN = "Gemma's own"
PRESET_GREEDY = "Greedy"
PRESET_CREATIVE = "Creative"
PRESET_HELP = (
    "Settings under a name, with or without a system prompt; the MTP switch stays as it is"
)
PRESET_WITH_SYSTEM = "With the system prompt"
PRESET_AND_SYSTEM = "{name}, with system prompt"
PRESET_SAVE = "Save these settings as…"
PRESET_RENAME = "Rename “{name}”…"
PRESET_DELETE = "Delete “{name}”"
PRESET_NAME = "Name of the preset"
PRESET_NAME_EMPTY = "A preset needs a name; write one."
PRESET_NAME_LONG = "A preset's name has at most {most} characters; shorten it."
PRESET_NAME_TAKEN = "There is a preset “{name}” already; choose another name."
PRESET_NAME_BUILT_IN = "“{name}” comes with the program and stays as it is; choose another name."
RESET_SETTINGS = "Reset to defaults"
SAVE = "Save"
RENAME = "Rename"
MIN_P = "Min-p"
VERIFY = "Verify rule"
RULE_COUPLED = "Coupled"
RULE_COUPLED_MEANS = (
    "A draft is accepted while it is the model's own choice: the text is the same with MTP and"
    " without."
)
RULE_BLOCK = "Block"
RULE_BLOCK_MEANS = (
    "The drafts of a round are judged together, which accepts a few more: the text is as good, but"
    " not the same as without MTP."
)
RULE_EACH = "Token"
RULE_EACH_MEANS = (
    "Each draft is accepted or rejected at random by its probability: the text is as good, but not"
    " the same as without MTP."
)
ADVICE_HOT = "At temperature {temperature} most models soon write nonsense; 1 is usual."
ADVICE_GREEDY_SEED = "At temperature 0 nothing is left to chance: the seed changes nothing."
ADVICE_ONE_CHOICE = "Only the likeliest token is left to choose from, as at temperature 0."
ADVICE_CONTEXT = "The model's context holds {length} tokens: a longer reply ends there."
ADVICE_SHORT = "Replies this short mostly end in mid-sentence; 2\u2009048 is usual."
ADVICE_RANGE = "{least} to {most}"

# Messages
UNFOLD = "Show all {lines} lines"
FOLD = "Show less"
COPY = "Copy"
COPY_LINK = "Copy the link"
SELECT_ALL = "Select all"
COPY_PLAIN = "Copy as plain text"
COPY_MESSAGE = "Copy the message"
CONTINUE = "Continue the reply"
EDIT = "Edit and ask again"
EDIT_LAST = "Edit the last question"
EDIT_HINT = "Enter asks again, Esc leaves it as it was"
EDIT_FULL = (
    "The chat up to this question needs {used} tokens, and this model can read {length} at most."
    " Shorten the question."
)
EDIT_ASK = "Ask again"
DELETE_MESSAGE = "Delete this and all that follows"
DELETE_LAST = "Delete the last reply"
MESSAGE_DELETED = "Message deleted"
MESSAGES_DELETED = "{count} messages deleted"
MORE = "More"
AGAIN_WITH = "Regenerate with"
AGAIN_MTP_OFF = "Regenerate with MTP off"
AGAIN_MTP_ON = "Regenerate with MTP on"
AGAIN_SAME_SEED = "Regenerate with the same seed"
AGAIN_ANOTHER_SEED = "Regenerate with another seed"
VERSION_OF = "{position}/{count}"
VERSION = "Version {position} of {count}"
PREVIOUS_VERSION = "Previous version"
NEXT_VERSION = "Next version"
CONTEXT_FULL = (
    "The chat with this message needs {used} tokens, and this model can read {length} at most."
    " Shorten the message, remove a file, or choose a way on."
)
LEAVE_OUT = "Leave out the oldest"
LEAVE_OUT_HELP = "The model no longer reads the oldest messages; they stay here, greyed"
LONGER_CONTEXT = "Longer context: {tokens}"
LONGER_CONTEXT_HELP = "Load the model again for {tokens} tokens; the chat stays as it is"
GO_ON_ELSEWHERE = "Go on in a new chat"
GO_ON_ELSEWHERE_HELP = "Open a new chat with the last turns and this message"
LEFT_OUT = "The model no longer reads the {count} messages above."
LEFT_OUT_ONE = "The model no longer reads the message above."
SEND_ALL = "Send them again"
QUEUE = "Send next"
QUEUE_HELP = "Send this when the reply has ended (Enter)"
QUEUED = "Next: {text}"
QUEUED_FILES = "{count} files"
QUEUED_HELP = "Sent when the reply has ended, while this chat is open"
TAKE_BACK = "Take it back into the field"
PASTED_FILE = "pasted text {number}.txt"
PASTED = "{lines} lines pasted"
PASTED_ATTACH = "Attach them as a file instead"

# Attached files
ATTACH = "Attach text files…"
ATTACH_TITLE = "Attach text files"
ATTACHED = "Attached files"
TAKE_OFF = "Remove “{name}”"
FILE_TOKENS = "{count} tokens"
FILE_NAME_UNREADABLE = "The name of “{name}” is no UTF-8; give the file another name."
FILE_GONE = "“{name}” is no longer there; choose it again where it is now."
FILE_FORBIDDEN = "The program may not read “{name}”; change its permissions or attach a copy."
FILE_UNREADABLE = "“{name}” could not be read ({reason}); try again or attach a copy."
FILE_FOLDER = "“{name}” is not a file; attach the text files inside it."
FILE_TOO_LARGE = "“{name}” has {size} MB, and at most 1 MB can be attached; attach a part of it."
FILE_NOT_TEXT = "“{name}” is not a text file; attach it as UTF-8 or UTF-16 text."
FILE_EMPTY = "“{name}” is empty; attach a file with text in it."

# Reports
REPORT_FILE = "speed report"
SAVED = "Saved as “{name}” in {folder}"
SHOW_FILE = "Show in Finder"
SHOW_FOLDER = "Show the folder"
REPLACE_FILE = "“{name}” exists already. Replace it?"
REPORT_JSON = "JSON (*.json)"
REPORT_MARKDOWN = "Markdown (*.md)"
HTML_FILE = "HTML (*.html)"
PDF_FILE = "PDF (*.pdf)"
REPORT_CSV = "CSV, a row a run (*.csv)"
REPORT_LINES = "Text, five lines for a message (*.txt)"
REPORT_CARD = "PNG, a card to share (*.png)"
EXPORT_CHAT = "Export this chat…"

# Command line
APP_HELP = "Open the window."
THEME_OPTION = "force a theme for this session"
DATA_OPTION = "keep chats and settings in DIR"
NO_DISPLAY = "There is no display to open a window on; use `{command} chat` instead."

# Chats
UNDO = "Undo"
UNDO_HELP = "Undo the last deletion ({shortcut})"
CHAT_DELETED = "Chat deleted"
DELETED_LATELY = "Recently deleted…"
DELETED_NOTE = "What is deleted is kept for 30 days."
DELETED_NOTHING = "Nothing was deleted within the last 30 days."
DELETED_CHAT = "Chat of {count} messages"
DELETED_FROM = "{count} messages of “{title}”"
DELETED_ONE_FROM = "A message of “{title}”"
DELETED_KEPT = "kept for {days} more days"
DELETED_KEPT_DAY = "kept for one more day"
RESTORE_DELETED = "Restore"
SIDEBAR = "Chats"
SIDEBAR_TOGGLE = "Sidebar"
SEARCH = "Search"
SEARCH_CHATS = "Search chats"
SEARCH_CLEAR = "Clear the search"
NEW_CHAT_HELP = "Begin a new chat ({shortcut})"
SIDEBAR_HELP = "Show or hide the chats ({shortcut})"
NOTHING_FOUND = "No chat contains “{words}”."
NO_CHATS = "Your chats will be listed here."
GROUP_PINNED = "Pinned"
GROUP_TODAY = "Today"
GROUP_YESTERDAY = "Yesterday"
GROUP_WEEK = "Previous 7 days"
GROUP_MONTH = "Previous 30 days"
GROUP_MONTH_OF_YEAR = "{month} {year}"
CHAT_OPEN = "Open"
CHAT_RENAME = "Rename"
CHAT_PIN = "Pin"
CHAT_UNPIN = "Unpin"
CHAT_DELETE = "Delete"
CHAT_MORE = "More"
CHAT_PINNED = "{title}, pinned"
CHAT_MARKS = {"writing": "a reply is being written", "unseen": "new reply"}
CHAT_GONE = "This chat was deleted in another window."
CHATS_UNREADABLE = "The chats could not be read: {reason}. The list may be out of date."

# Numbers: overlay, token view, timeline
SPEED_UP_TEXT = "{times} plain, {word}"
SPEED_UP_PARTLY = "{times} plain while MTP was on, {word}"
SPEED_UP_UNMEASURED = "not measured; the overlay measures it in a click"
SPEED_UP_NOTE = "{verdict}. Plain speed: {plain}."
ROUNDS_OF = "{drafted} of {rounds} rounds"
FACT_SPEED_UP = "Speed-up over plain"
FACT_PLAIN = "Plain speed here"
PLAIN_MEASURED = "{rate} tok/s, measured on {day}"
OVERLAY_COMPACT = "Show less"
OVERLAY_FULL = "Show more"
SHOW_TOKENS = "Token view"
TOKENS_OF_REPLY = "Tokens of the reply"
TOKENS_HINT = "Point at a token, or use the arrow keys, to see its round"
LEGEND_SAMPLE = "token"
LEGEND_DRAFTED = "{count} drafted and accepted"
LEGEND_TARGET = "{count} the target's own"
LEGEND_REJECTED = "{count} drafted and rejected"
LEGEND_ROUNDS = "{count} rounds, a tick before each"
ROUND = "Round {index}"
ROUND_PREFILL = "First token, from the prompt"
ROUND_STATES: dict[RoundState, str] = {
    "plain": "plain",
    "drafting": "drafting",
    "parked": "parked",
    "probe": "probing",
}
ROUND_DEPTH = "{state}, K {depth}"
ROUND_ACCEPTED = "{accepted} of {drafted} accepted"
ROUND_MS = "{ms} ms"
ROUND_AT = "{seconds} after the request"
ROUNDS = "Rounds {first} to {last}"
ROUNDS_TOKENS = "{tokens} tokens a round"
TIMELINE = "Rounds over time"
TIMELINE_HINT = "Click a bar, or use the arrow keys, to see a round"
TIMELINE_RATE = "tok/s"
TIMELINE_TOKENS = "tokens a round"
TIMELINE_TIME = "seconds after the request"
NO_ROUNDS = "This reply has no rounds."
CLOSE = "Close"

# Compare
COMPARE = "Compare with and without MTP…"
COMPARE_TITLE = "Compare"
COMPARE_QUESTION = "Prompt of both runs"
COMPARE_QUESTION_HINT = "Type a prompt, or keep the last question of this chat"
COMPARE_START = "Compare"
COMPARE_AGAIN = "Compare again"
COMPARE_STOP = "Stop"
COMPARE_STOP_HELP = "Stop and keep what has run"
COMPARE_EXPLAINED = (
    "After a short warm-up the same prompt runs twice, one run after the other, with the same seed"
    " and sampling. Neither run is written into the chat."
)
COMPARE_STAGES = {
    "idle": "",
    "warm-up": "Warming up: reading the prompt…",
    "off": "Running with MTP off…",
    "on": "Running with MTP on…",
}
LANE_OFF = "MTP off"
LANE_ON = "MTP on · {mode}"
LANE_ON_SHORT = "MTP on"
LANE_WAITING = "not run yet"
LANE_TOKENS = "{count} tokens"
LANE_ACCEPTED = "{percent} of {drafted} drafted accepted"
LANE_TAU = "τ\u00a0{tau}"
COMPARED_RATIO = "{times} the speed of plain decoding"
COMPARED_INTERVAL = "95 %: {spread}"
MEANS_INTERVAL = "Where the speed-up lies with 95 % confidence, by all runs of this prompt."
COMPARED_TIMES = "{count} runs each, this prompt"
COMPARE_AGAIN_FOR_INTERVAL = "compare again for an interval"
COMPARED_TOKENS = "{tokens} tokens a round"
COMPARED_TOO_SHORT = "Too short to compare speeds"
COMPARED_SAME = "Same text, token for token: {count} tokens."
COMPARED_SAME_SO_FAR = "Same text up to the end of the shorter one: {count} tokens."
COMPARED_PARTS = "The texts differ from token {at} on: off wrote {off}, on wrote {on}."
COMPARED_WORD = "“{text}”"
COMPARED_END = "the end"
ORDER_OFF_FIRST = "Off ran first"
ORDER_ON_FIRST = "On ran first"
SAME_SEED = "seed {seed} in both"
RULE_MAY_DIFFER = "under the {rule} rule the texts may differ"
RACE_PLAY = "Race again"
RACE_PAUSE = "Pause"
RACE_POSITION = "Time since both first tokens"
RACE_PLOT = "Tokens over time, MTP off against on"
RACE_TIME = "seconds since the first token"
RACE_TOKENS = "tokens"
COMPARE_NO_DRAFTER = "There is nothing to compare: MTP is off ({reason})."
COMPARE_STOPPED = "The comparison stopped before both runs were made. Compare again for a result."
COMPARE_SWITCHED = (
    "The comparison stopped because the MTP switch was turned during a run. Compare again."
)
COMPARE_DIED = "The engine {reason}. Finished runs are kept; compare again once it is ready."
OBSTACLE_COMPARING = "A comparison is running."

# Speed reports
REPORTS = "Speed reports"
REPORTS_HELP = "Measure MTP on this computer, and read earlier reports ({shortcut})"
REPORTS_LEAVE = "Back to the chat"
REPORTS_BACK = "All reports"
REPORTS_PAST = "Past reports"
REPORTS_NONE = "Reports will be listed here. Start a benchmark to make the first."
REPORTS_LIST = "Speed reports, newest first"
REPORT_HEADS = ("Report", "Pair", "Made", "Speed-up")
REPORT_OPEN = "Open"
REPORT_COMPARE = "Compare two"
REPORT_COMPARE_HELP = "Select two reports to see them side by side"
REPORT_DELETE = "Delete"
REPORT_DELETED = "Report deleted"
REPORT_EXPORT = "Export…"
REPORT_COPY_MARKDOWN = "Markdown"
REPORT_COPY_MARKDOWN_HELP = "Copy the whole report as Markdown"
REPORT_COPY_CARD = "Card"
REPORT_COPIED = "Copied"
REPORT_TEXTS = "Include prompts and replies"
REPORT_REPLY_TEXTS = "Include the prompt and the reply"
REPORT_TEXTS_HELP = "This report holds them; an export includes them only while this is ticked."
REPORT_TEXT = "The report"
REPORT_EXPORT_HELP = (
    "Save the report. Drag this button into a mail, a chat or a folder to drop it there as a page."
)
REPORT_CARD_HELP = (
    "Copy the card as an image. Drag this button into a mail, a chat or a folder to drop it there."
)
REPORT_DISTURBED = "What disturbed this run:"
REPORT_CHART_NUMBERS = "The numbers of the charts"
REPORT_MORE_ROWS = "And {count} more rows, which the JSON and the CSV hold."
REPORT_COPY = "Copy"
REPORT_COPY_TEXT = "Text"
REPORT_COPY_TEXT_HELP = "Copy five lines that fit a message"
REPORT_CUT = "cut short"
REPORT_ONE_EACH = "{times} {word}, one run each"
REPORT_UNREADABLE = "cannot be opened"
BENCH_NEW = "New benchmark"
BENCH_EXPLAINED = (
    "The same prompts run with MTP off and on, in turns, after a warm-up. Nothing is written into"
    " a chat, and the chat waits until it is done."
)
BENCH_SUITE = "Prompts"
BENCH_SUITES = {"quick": "Quick: 8 prompts", "full": "Full: 64 prompts"}
BENCH_MODES_LABEL = "MTP"
BENCH_MODES = {"off": "Off", "auto": "Auto"}
BENCH_MODE_HELP = {
    "off": "Plain decoding; it always runs, for speed-ups are over it",
    "auto": "The engine chooses how many tokens to draft in each round",
}
BENCH_DEPTH_HELP = "Always {depth} drafts a round"
BENCH_REPEATS = "Repeats"
BENCH_TOKENS = "Max tokens"
BENCH_TEMPERATURE = "Temperature"
BENCH_CONTEXT = "Context before the prompt"
BENCH_CONTEXT_HELP = "So much text comes before each prompt; every run reads all of it"
BENCH_NO_CONTEXT = "None"
BENCH_CONTEXTS = "{lengths} tokens"
BENCH_AFTER = "after {count} tokens of context"
BENCH_GREEDY = "0"
BENCH_OWN = "the model's own"
BENCH_START = "Start"
BENCH_STOP = "Stop"
BENCH_STOP_HELP = "Stop and keep the runs that are finished"
BENCH_NO_MODE = "Choose Auto or a number of drafts to measure against plain decoding."
BENCH_BEGINS = "Starting…"
BENCH_STOPPING = "Stopping; finished runs are kept…"
BENCH_PHASES = {
    "hashing": "Reading the model's files",
    "warming up": "Warming up",
    "measuring": "Measuring",
    "cooling down": "Letting the machine cool down",
    "comparing": "Comparing the texts",
}
BENCH_DONE = "{done} of {total} runs"
TIME_LEFT_SECONDS = "less than a minute left"
TIME_LEFT_MINUTES = "about {count} min left"
TIME_LEFT_HOURS = "about {hours} h {minutes} min left"
BENCH_COLUMNS = ("MTP", "Runs", "tok/s", "Speed-up", "Against plain", "Drafted in", "Accepted")
BENCH_ACCEPTED = "{percent} accepted"
BENCH_LAST = "Last runs"
BENCH_PROGRESS = "Progress of the benchmark"
BENCH_KEPT = "The benchmark stopped. Finished runs are kept."
BENCH_NOTHING = "The benchmark stopped before a run was finished; there is no report."
BENCH_DIED = (
    "The engine {reason}. Finished runs are kept; start another benchmark once it is ready."
)
OBSTACLE_MEASURING = "A benchmark is running: wait for it, or stop it under Speed reports."
COMPARED_FILE = "two speed reports"
COMPARED_REPORTS = "A and B, side by side"

# Models
HERE = "this Mac" if sys.platform == "darwin" else "this computer"
LAUNCHER = "the Finder" if sys.platform == "darwin" else "the desktop"
MODELS = "Models"
MODELS_MENU = "Models…"
MODELS_HELP = "Load a model that is on this disk, or get one ({shortcut})"
MODELS_PROGRESS = "Models: {percent} % fetched"
MODELS_HERE = f"On {HERE}"
MODELS_GET = "Get a model"
MODELS_GET_NOTE = (
    "Each target comes with its drafter, into the Hugging Face cache that other programs share."
    " Nothing is fetched before you click."
)
MODELS_FETCHING = "Downloads"
MODELS_LOOKING = "Looking through the folders of models…"
MODELS_NONE = (
    f"There is no Gemma 4 on {HERE} yet, beside the built-in demo pair. Get one below, or add the"
    " folder that you keep models in."
)
MODELS_NOT_LISTED = "The models on this disk could not be listed. {reason}"
MODELS_REFRESH = "Look again"
MODELS_ADD = "Add a folder…"
MODELS_FOLDER_OFFER = (
    f"Started from {LAUNCHER}, this program does not see the variables of your shell. If HF_HOME"
    " says there where your models are, or you keep them in a folder of your own, add it once."
)
MODELS_FOLDER_DECLINE = "I have none"
MODELS_ADD_TITLE = "A folder of models"
MODELS_PLACES = "Where models are looked for"
MODELS_PLACES_GONE = "{words} ({names}: not connected)"
MODELS_PLACE_SIZE = "{size}, {count} models"
MODELS_PLACE_ONE = "{size}, one model"
MODELS_PLACE_EMPTY = "no models"
MODELS_PLACE_PARTIAL = "{words}, and more that was not looked at"
MODELS_NOT_CONNECTED = "not connected"
MODELS_FORGET = "Forget"
MODELS_FORGET_LABEL = "Forget the folder {name}"
MODELS_UNUSABLE_ONE = "One more cannot be loaded"
MODELS_UNUSABLE = "{count} more cannot be loaded"
MODEL_LOAD = "Load"
MODEL_LOAD_LABEL = "Load {name}"
MODEL_LOADED = "Loaded"
MODEL_LOADING = "Loading…"
MODEL_STOP_LOADING = "Stop"
MODEL_STOP_LOADING_LABEL = "Stop loading {name}"
MODEL_LOAD_ANYWAY = "Load anyway…"
MODEL_LOAD_ANYWAY_NOW = "Load anyway"
MODEL_LOAD_ANYWAY_LABEL = "Load {name} anyway"
MODEL_LOAD_ANYWAY_ASK = (
    "{name} is too big for the memory that is free here. {sum} It may be very slow, and may end the"
    " engine; your chats stay."
)
MODEL_FINISH = "Finish"
MODEL_FINISH_LABEL = "Finish the download of {name}"
MODEL_GET_DRAFTER = "Get its drafter"
MODEL_GET_DRAFTER_LABEL = "Get the drafter of {name}"
MODEL_REVEAL = "Show in Finder" if sys.platform == "darwin" else "Show the folder"
MODEL_REMOVE = "Remove…"
MODEL_MORE = "More about {name}"
MODEL_COPY_PATH = "Copy its path"
MODEL_NOT_FINISHED = "The download is not finished."
MODEL_DRAFTER_HERE = "drafter: {size}"
MODEL_DRAFTER_PACKED = "drafter: {size}, its head in {bits} bits"
MODEL_CONTEXT_OF = "context: {tokens} tokens"
MODEL_CONTEXT = "Context length"
MODEL_CONTEXT_ALL = "As long as the model was made for ({tokens} tokens)"
MODEL_CONTEXT_TOKENS = "{tokens} tokens"
MODEL_HEAD = "Head of the drafter"
MODEL_HEAD_OWN = "As it is"
MODEL_HEAD_BITS = "{bits} bits"
MODEL_RELOAD = "Load again"
MODEL_RELOAD_LABEL = "Load {name} again, as it is chosen now"
MODEL_DRAFTER_MISSING = "no drafter here: MTP stays off"
MODEL_DRAFTER_NONE = "no drafter is known for it: MTP stays off"
MODEL_DRAFTER_TITLE = "Drafter of {name}"
MODEL_LACKS = "without {parts}: it cannot chat"
MODEL_UNKNOWN = "Not Gemma 4"
MODEL_REMOVE_ASK = "Remove {name}? That frees {size}."
MODEL_REMOVE_LOADED = "It is loaded just now, and can be used until it is unloaded."
MODEL_REMOVE_READERS = "Files of it are open in {names}."
MODEL_REMOVE_COPIES = "A copy stays in {names}."
MODEL_REMOVE_NOW = "Remove"
MODEL_REMOVED = "{name} is removed: {size} are free again"
MODEL_GET = "Get it"
MODEL_GET_LABEL = "Get {name}"
MODEL_GET_OTHER = "Other precisions of {name}"
MODEL_GET_PRECISION = "Get {words}"
MODEL_GOT = "On this disk"
MODEL_BEING_FETCHED = "In Downloads"
MODEL_WITH_DRAFTER = "{size} with its drafter"
MODEL_DRAFTER_GOT = "{size}, its drafter is here"
MODEL_SIZE_UNKNOWN = "the Hub tells the size"
MODEL_MEMORY = "{size} of memory"
MODELS_JOBS = "Under way"
TRY = "Try this size here…"
TRY_ONCE_MORE = "Try it again…"
TRY_OTHER = "Try the size of {name} here…"
TRY_TITLE = "Trying the size of {name}"
TRY_STOP = "Stop trying {name}"
TRY_ONE = "A size is being tried already: wait for it, or stop it."
TRY_BUSY = "The engine is at work: wait for its reply or benchmark, then try again."
TRY_CONVERTS = "A copy is being made: wait for it, or pause it, then try again."
TRY_ASK = (
    "Try the size of {name} here? Random weights of its true shape are made and measured; nothing"
    " is downloaded. It takes {time}, and {need} of memory."
)
TRY_ACCEPTANCE = "Each draft is right with a chance of {percent} %, as others report it: {source}."
TRY_ACCEPTANCE_OF = (
    "Each draft is right with a chance of {percent} %, as others report it of {pair}, for nobody"
    " reports it of {name}: {source}."
)
TRY_NO_ACCEPTANCE = "Nobody reports how many drafts are right, so the result is a rough one."
TRY_BESIDE = "{have} are free beside the loaded model, whose replies are slower meanwhile."
TRY_UNLOADS = "Only {have} are free while {loaded} is loaded, so that is unloaded first."
TRY_TOO_BIG = "{name} is too big to be tried here: it needs {need} of memory, and {have} are free."
TRY_NOW = "Try it"
TRY_UNLOAD_NOW = "Unload and try"
TRY_PHASES = {
    "estimating": "Looking at how fast this machine is…",
    "loading": "Making random weights",
    "hashing": "Making random weights",
    "warming up": "Warming up",
    "measuring": "Measuring",
}
TRY_RUNS = "{words}, run {run} of {total}"
TRY_LEFT = "{words} · {left}"
TRY_DONE = "{name}: {result}"
TRY_FAILED = "{name} was not tried: {reason}"
TRY_NOT_MEASURED = "No run was measured. Try again."
TRY_WHERE = "{machine}, {day}"
TRY_RESULT = (
    "Random weights, {where}: {plain} tokens/s plain, {drafts} with drafts at the acceptance others"
    " report."
)
TRY_SLOWER = "So drafting is slower than plain decoding here."
TRY_SOURCE = "Acceptance: {source}."
TRY_SOURCE_OF = "Acceptance of {pair}: {source}."
TRY_DISTURBED = "A reply was written meanwhile, so both may be faster."
SPAN_SECONDS = "less than a minute"
SPAN_MINUTES = "about {count} minutes"
SPAN_MINUTE = "about a minute"
SPAN_HOURS = "about {hours} h {minutes} min"
COPY_ACTS = {4: "Make a 4-bit copy…", 8: "Make an 8-bit copy…"}
COPY_TITLE = "Making {name}"
COPY_ASK = (
    "Make a {bits}-bit copy of {name}? It takes {size} on its disk, of {free} that are free, and"
    " some minutes. The original stays as it is."
)
COPY_ASK_BOTH = (
    "Make a {bits}-bit copy of {name} and of its drafter? Both take {size} on their disk, of {free}"
    " that are free, and some minutes. The originals stay as they are."
)
COPY_NOW = "Make the copy"
COPY_NO_ROOM = (
    "There is no room for a copy of {name}: it takes {size}, and {free} are free on its disk, of"
    " which 2.0 GB stay free."
)
COPY_PHASES = {
    "checking": "Reading the original…",
    "verifying": "Checking what is here…",
    "testing": "Loading the copy, and measuring it on a short text…",
}
COPY_QUEUED = "Waits for the copy before it"
COPY_PAUSED = "Not finished: {amount}"
COPY_ELSEWHERE = "Another window or a command is making it"
COPY_DISCARD = "Discard {name}"
COPY_DISCARD_ASK = "Discard the unfinished copy {name}? The original stays as it is."
COPY_DISCARD_NOW = "Discard"
COPY_DISCARDED = "The unfinished copy {name} is removed."
COPY_MADE = "{name} is here: {before} became {after}, and no tensor is off by more than {error}."
COPY_PERPLEXITY = "On a short text its perplexity is {own}, the original's {source}."
COPY_PERPLEXITY_ALONE = "On a short text its perplexity is {own}."
COPY_SUSPECT = "That is far worse than the original: use 8 bits, or another original."
FIT_WORDS = {"fits": "Fits", "tight": "Tight", "too-big": "Too big"}
FIT_ASK = "Show the sum"
FIT_SUM = (
    "Target {target} + drafter {drafter} + keys and values for {context} tokens {kv} + reading a"
    " prompt {scores} + everything else {margin} = {need}, of {have} that are here for it."
)
FETCH_PHASES = {
    "listing": "Asking the Hub…",
    "verifying": "Checking what is here…",
    "linking": "Finishing…",
}
FETCH_AMOUNT = "{done} of {total}"
FETCH_RATE = "{amount} · {rate}/s"
FETCH_LEFT = "{amount} · {left}"
FETCH_QUEUED = "Waits for the download before it"
FETCH_PAUSED = "Paused"
FETCH_PAUSED_AT = "Paused at {amount}"
FETCH_WAITS = "{amount} · {reason}"
FETCH_WAITS_FOR = "{amount} · {reason}, trying again in {seconds} s"
FETCH_PAUSE = "Pause"
FETCH_RESUME = "Resume"
FETCH_RETRY = "Try again"
FETCH_CANCEL = "Cancel the download of {name}"
FETCH_PROGRESS = "Progress of {name}"
FETCH_GOES_ON = "Go on when this window is closed"
FETCH_OFFER = "Downloads that are not finished: {names}."
FETCH_OFFER_ACCEPT = "Go on downloading"
FETCH_OFFER_DECLINE = "Not now"
FETCH_DONE = "{name} is on this disk"
FETCH_DONE_LOAD = "Load it"
TOOL_NOT_STARTED = "The program that looks after models could not be started. Reinstall MTP MLX."
TOOL_SILENT = "Listing the models took too long. A drive may be asleep or disconnected: try again."
TOOL_GARBLED = "The answer of `mtp-mlx` could not be read."
TOOL_GARBLED_REMEDY = "Install the window and the command line from the same release."
TOOL_ENDED = "`mtp-mlx` ended without an answer. Try again."
DROP_NO_MODEL = "“{name}” holds no model that can be loaded: {reason}"
DROP_NOTHING = "no model lies in it, two levels deep."
DROP_TOO_MUCH = "it has more folders than are looked through. Drop the model's own folder."
DROP_LOAD_ASK = "Load {name}? Its folder is remembered, so that it is listed under Models."
WELCOME_HERE = f"{{name}} is on {HERE} already ({{place}})."
WELCOME_HERE_ACT = "Load it"
WELCOME_FITS = f"A real Gemma 4 runs here: {{name}} fits {HERE}, {{size}} to download."
WELCOME_TIGHT = f"A real Gemma 4 runs here: {{name}} only just fits {HERE}, {{size}} to download."
WELCOME_ACT = "Get it"
WELCOME_MODELS = "Your own Gemma 4 models run here too."
WELCOME_FETCHING = "{name} is on its way: {words}"
WELCOME_NOT_FETCHED = "{name} is not downloaded yet. {words}"
