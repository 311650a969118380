"""The sentences this page says on its own account, in one place; what a form or a status says is found here by name."""

from web.language import _

SCHEDULED = "Stored. It leaves at its second."
READY = "The session host has it and will send it at its second."
LEAVING = "It is on its way to WhatsApp right now; it can no longer be changed."
SENT = "WhatsApp has taken it; their phone has not confirmed it yet."
DELIVERED = "It is on their phone."
READ = "They have read it."
FAILED = "It was not delivered."
MISSED = "Its time passed before it could be sent."
UNKNOWN = "It may have been delivered: look into the chat on your phone before you send it again."
HINT = "A receipt came from this chat that belongs to no message known here: it may have arrived."
ARRIVED = "You said that it arrived."
NOT_ARRIVED = "You said that it did not arrive."
LET_GO = "You said that it need not be sent any more."
SENT_AGAIN = "It was sent again."
CANCELLED = "It will not be sent."
OVERDUE = "It should have left by now, and nobody has said why not: look at the link and the session host."
ASKED_TO_CANCEL = "Asked to cancel; the session host has not confirmed it yet."
ASKED_TO_CHANGE = "Asked to change; the session host has not confirmed the new version yet."
TWO_VERSIONS = "It was changed in two places at once. Pick the version that counts."

NOTHING_UNDER = {"not-sent": "Nothing failed, was missed or is uncertain.", "cancelled": "Nothing was cancelled."}

PACE_AT_ONCE = "It leaves at its second."
PACE_WAITS = "It waits until {when}, because of the pace: {reason}"
PACE_STRANGER = "It is a first message to somebody new."
PACE_UNKNOWN = "Whether it has to wait is not known just now: the host does not say. It can be scheduled all the same."

SCHEDULED_NOTICE = "Scheduled for {meaning}"
CHANGED_NOTICE = "Changed: {meaning}"
CANCEL_NOTICE = "Asked to cancel the message to {name}."
RESTORED_NOTICE = "The message to {name} is scheduled again."
ARRIVED_NOTICE = "Noted: the message to {name} arrived."
NOT_ARRIVED_NOTICE = "Noted: the message to {name} did not arrive."
LET_GO_NOTICE = "Noted: the message to {name} need not be sent any more."
UNSETTLED_NOTICE = "Taken back: what became of the message to {name} is open again."
PICKED_NOTICE = "That version counts now."
HANDED_OVER = "The session host has it: it leaves even if this page is down."
TOLD = "It is stored, and the session host was told."
NOT_ANSWERED = "It is stored; the session host has not answered yet, the tick will hand it over."
REFUSED_BY_HOST = "The session host refused it: {reason}"

ALREADY_SCHEDULED = "This form was already saved: nothing was scheduled twice."
ALREADY_AGAIN = "It was already sent again: this is that message, and nothing was sent twice."
NOT_SETTLEABLE = "There is nothing to settle about this message."
NOT_REPEATABLE = "Only a message that failed, was missed or may not have arrived can be sent again."
ALREADY_LEAVING = "It is already leaving or has ended, so it can no longer be changed."
NOT_RESTORABLE = "Its time has passed: write it again with a new time."
CHANGED_MEANWHILE = "This message was changed while you were editing it. Both versions are below; nothing is saved yet."
CONTACT_CHANGED_MEANWHILE = "This contact was changed while you were editing it. Look at both; nothing is saved yet."

EMPTY_TEXT = "Write something: an empty message cannot be sent."
LONG_TEXT = "That is {length:,} characters; WhatsApp takes {most:,}. Shorten it by {over:,}."
IN_THE_PAST = "That is {ago}: choose a time that is still to come."
NO_DATE = "Choose a date, like 2026-11-27."
NO_TIME = "Choose a time, like 18:00."
BAD_DATE = "“{typed}” is no date: write it like 2026-11-27."
BAD_TIME = "“{typed}” is no time of day: write it like 18:00 or 18:00:15."
FAR_AWAY = "That is more than ten years away: check the year."
BAD_HOURS = "Write a number of hours between 0.1 and 720."
BAD_CHOICE = "Choose one of the three."

CONTACT_SAVED = "{name} is saved."
CONTACT_DELETED = "{name} is deleted."
CONTACT_RESTORED = "{name} is back."
NAME_OR_NUMBER = "Give a name or a number."
LONG_NAME = "A name has at most {most} characters; this one has {length:,}."
LONG_NOTES = "Notes have at most {most:,} characters; these have {length:,}."
MANY_ALIASES = "Give at most {most} other names."
MANY_TAGS = "Give at most {most} tags."
NO_PHONE = "“{typed}” is no phone number: write one with its country code."
LABEL_ALONE = "“{label}” has no number beside it."

SERIES_STORED_NOTICE = "{rule}. The first date is {first}."
SERIES_CHANGED_NOTICE = "Changed: {rule}. The next date is {first}."
SERIES_CHANGED_STOPPED_NOTICE = "Changed: {rule}. Nothing is sent until it runs again."
SERIES_PAUSED_NOTICE = "Asked to pause: nothing more is to be sent to {name} until you resume it."
SERIES_ACTIVE_NOTICE = "Running again: {rule}."
SERIES_ENDED_NOTICE = "Asked to end: nothing more is to be sent to {name} by this series."
SERIES_STAYS = "One date that you changed by itself, or that is about to leave, stays as it is."
SERIES_STAY = "{count} dates that you changed by themselves, or that are about to leave, stay as they are."
NO_DATE_TO_COME = "none any more"
NOT_ANSWERED_SERIES = "It is stored; the session host has not answered yet, and takes it over when it can."
SERIES_RUNNING = "It is sent on each of its dates."
SERIES_FINISHED = "It has no date any more."
SERIES_PAUSED = "Nothing is sent until you resume it. Dates that pass meanwhile are left out."
SERIES_ENDED = "It is over; what was sent stays on record."
SERIES_ASKED = "Stored; the session host has not taken it over yet."
SERIES_ONLY_THIS = "Only this date changes, and from then on it no longer follows its series."
SERIES_CHANGED_MEANWHILE = "This series was changed while you were editing it. Look at both; nothing is saved yet."
SERIES_TWO_VERSIONS = (
    "It was changed in two places at once. Pick the version that counts; till then the first one does."
)
NO_SERIES = "There is no such series: the address is wrong."
WITHDRAWN = "It will not be sent: its series was paused, ended or changed."
NO_DATE_LEFT = "With this rule no date is left that is still to come: choose another end, or a later first date."
BAD_REPEAT = "Choose one of the list."
BAD_EVERY = "Write a whole number from 1 to {most}."
BAD_COUNT = "Write a whole number of times from 1 to {most}."
BAD_UNTIL = "Choose the last date, like 2027-03-31."
UNTIL_NOT_CHOSEN = "A last date is given, and Never is chosen: choose On, or empty the date."
UNTIL_BEFORE_FIRST = "The last date is before the first one."
BAD_CHOICE_OF_TWO = "Choose one of the two."
NO_DATES = "There is no such date: check the rule and its end."
REPEATS_HINT = "Nothing ticked means the weekday of the date above."
MONTH_END_HINT = "What a shorter month lacks means its last day."

SETTINGS_TEMPLATES = "Texts to write from again and again, with fields like {{first_name}}."

APP_NAME = "WhatsApp-VPSLink"
APP_SHORT = "VPSLink"
APP_DESCRIPTION = "Your WhatsApp messages, at their second."
OFFLINE = "This page cannot be reached."
OFFLINE_WHAT = (
    "You are offline, or the server is. What is scheduled leaves all the same; nothing can be changed from here."
)
OFFLINE_AS_OF = "As it was on {at}, {zone}. To be read only."

NOTHING_SENT = "Nothing was sent in these {days} days."
NOTHING_SENT_WHAT = "What leaves from here is counted on this page: how many, how punctual, and what became of it."
COUNTED = "Counted from the messages that this page knows, by the day each left or was given up. Zone: {zone}."
PUNCTUAL_NOTE = (
    "From a message's own second, or the end of the pace's hold, to when it was begun. What a lost link held back "
    "counts as late."
)
PUNCTUAL_HELD_ONE = "The pace kept one back."
PUNCTUAL_HELD = "The pace kept {count:,} back."
READ_NOTE = (
    "Delivered and read are of messages to people. Who has turned read receipts off never counts as having read."
)

YOU = "You"
GROUP = "A group"
HIDDEN_NUMBER = "Hidden number {end}"
NO_WORDS = "No words"
NO_CHAT = "Nothing of this chat has been captured here."
NO_FILE = "This file is not kept here."
ANSWERS_UNKNOWN = "A message that is not kept here"
DELETED_MESSAGE = "This message was deleted."
EDITED_AT = "edited {at}"
GAP_HERE = "Something may be missing here:"
GAP_UNTIL = " to {until}"
GAP_OPEN = ", and it may still be"
FILE_ELSEWHERE = "its bytes are not kept here yet: look on your phone"
CAPTURED_SINCE = "Captured since {since}: {count}. A message is kept for {days} days."
ONE_MESSAGE, MANY_MESSAGES = "one message", "{:,} messages"
CAPTURED_WHAT = (
    "This is what came in while this server was linked, and what was sent. Older chats are on your phone only."
)
NOTHING_CAPTURED = "Nothing has come in yet."
NOTHING_CAPTURED_WHAT = "Chats appear here as messages come in while this server is linked to WhatsApp."
NOT_CAPTURED_NOW = "What comes in now cannot be kept: {reason}"
EXPORT_TITLE = "WhatsApp chat: {name}"
NOT_EXPORTED = "The chat could not be exported. {reason}"
HOST_NOT_UNDERSTOOD = (
    "The session host answered what this version of the page does not understand: are both of one version?"
)
CHATS_UNREACHABLE = "The chats are kept by the session host, and it does not answer."
SEARCHED_BACK = "Searched back to {when}."
SEARCHED_ALL = "Searched everything that is kept."

WRONG_PASSWORD = "That is not the password."  # noqa: S105  a sentence
WRONG_CURRENT = "That is not your present password."
NOT_THE_SAME = "The two new passwords differ: type the same one twice."
PASSWORD_SAVED = "Your password is set; every other browser is logged out."  # noqa: S105  a sentence
WAIT = "Too many tries. Wait {wait}, then try again."
LOG_IN_FIRST = "Log in first."
ELSEWHERE = "This request came from another site, so nothing was done. Open this page itself and try again."

STORAGE_DOWN = "The storage does not answer, so nothing was saved; everything you typed is still here. {reason}"
STORAGE_DOWN_READING = "The storage does not answer, so this page cannot show what is scheduled. {reason}"
HOST_DOWN = "The session host does not answer."
HOST_DOWN_ACTION = "Messages are stored and wait. Check that the host runs and that HOST_URL is right."
HOST_STANDS_BACK = "This session host sends nothing at present."
OTHER_HOST_ACTION = "Stop it there; if it is gone for good, run ./wa takeover here."
LOOK_AT = "{count} {things} you: the storage holds what cannot be read, or a message is refused."
HOST_UNKNOWN = "Asking the session host…"
LOGGED_OUT = "WhatsApp is unlinked from this host; messages wait."
PAIRING_BY_CODE = "WhatsApp has made a code: type it into your phone."
ONLY_A_NUMBER = "Only a phone number can be linked: write it like +44 7957 189696."
NOT_BACKED_UP = "This link is not backed up. A lost server then costs a new scan; ./wa link key begins with backups."
NO_BACKUP_YET = "There is no backup of this link yet; one is taken soon after linking and then daily."
BACKED_UP = "Last backup of this link"
BACKUP_FAILED = "The last try to back up this link failed; it is tried again each hour:"
UNREADABLE_ONE = "One message could not be read on this host"
UNREADABLE = "{} messages could not be read on this host"
CAPTURED = {0: "No message has been captured yet.", 1: "One message is captured."}
CAPTURED_MANY = "{:,} messages are captured."
NOT_CAPTURED = "What comes in cannot be kept now:"
GAP_ONE = "Once something may have been missed"
GAPS = "{:,} times something may have been missed"
UNREADABLE_ACTION = "Their senders' phones are asked to send them again; you can read them on your phone."
PAIRING_AGAIN = "A new code is on its way."
NOT_FOUND = "There is no such page, or it is gone."
NO_MESSAGE = "There is no such message: it may have been archived, or the address is wrong."
NO_CONTACT = "There is no such contact: it may have been deleted."
TOO_LARGE = "That is far too much text to send: go back and shorten it."
BROKEN = "Something went wrong on this server. It has been written to the log; try again."

# Contacts: bringing them in, and changing many of them
LARGE_FILE = "This file is larger than {most} MB. Export your contacts without photos, or in parts."
NO_FILE = "Choose a file: a .vcf (vCard) or a .csv."
EMPTY_FILE = "There is nothing in this file."
OTHER_FILE = "This is neither a vCard nor a CSV file. From a spreadsheet, save as CSV; from a phone, export as .vcf."
NO_UTF16 = "This file claims to be UTF-16 and is not: save it again as UTF-8."
TOO_MANY_LINES = "This file has more than {most:,} lines: split it."
TOO_MANY_PEOPLE = "This file has more than {most:,} people: split it."
NO_VCARD = "There is no vCard in this file."
NO_VCARD_FIELD = "This line is no field of a vCard, so it was left out."
VCARD_NO_END = "This card has no end; the file may have been cut short."
VCARD_TOO_DEEP = "At line {line} there are cards within cards within cards: this file was not made by an address book."
LONG_FIELD = "{name} is longer than {most:,} bytes, so it was left out."
MANY_NUMBERS = "{count} numbers are too many for one person; at most {most} are read."
NO_NUMBER = "No phone number, so there is nothing to write to."
CUT_NOTES = "The notes are longer than {most:,} characters; the rest was left out."
CSV_NO_PHONE = "No column holds phone numbers. Name one of them “Phone” in the first line. It begins with: {columns}."
CSV_LONG_ROW = "This row is far too long; is a quote missing before it?"
CSV_OPEN_QUOTE = "A quote opens here and never ends, so the rest of the file could not be read."
CSV_BAD_QUOTE = "There is a quote within a quoted field that is not doubled."
COLUMN = "Column {number}"
IMPORT_GONE = "This import is no longer here: it was left for a week. Choose the file again."
GAINS_TAG = "tag {tag}"
GAINS_NAME = "name {name}"
GAINS_NOTES = "more notes"
GAINS_STAR = "favourite"
GAINS_LABELS = "labels of numbers"
IMPORT_UNDONE = "The import was taken back."
IMPORT_STOPPED = "The storage did not answer, so the import stopped there: {reason}"
CHANGE_UNDONE_ONE = "One contact is as it was before."
CHANGE_UNDONE = "{count:,} contacts are as they were before."
CHANGE_LEFT = "{count:,} were changed since and stay as they are."
CHANGE_LEFT_ONE = "One was changed since and stays as it is."
CHANGE_ALREADY = "That was taken back already."
CHANGE_GONE = "That can no longer be taken back here: it is more than a week ago."
WRITE_FEW = "Write to at most {most} people at a time."
NOBODY_SELECTED = "Nobody is selected."
NO_TAG = "Write a tag first."
TAGGED_ONE = "One contact is tagged “{tag}”."
TAGGED = "{count:,} contacts are tagged “{tag}”."
UNTAGGED_ONE = "One contact has lost the tag “{tag}”."
UNTAGGED = "{count:,} contacts have lost the tag “{tag}”."
STARRED_ONE = "One contact is a favourite now."
STARRED = "{count:,} contacts are favourites now."
DELETED_ONE = "One contact is deleted."
DELETED = "{count:,} contacts are deleted."
NOTHING_CHANGED = "Nothing was changed: they were so already."
MERGED = "{count} contacts are one now: {name}."
SET_APART = "{name} and whoever is called or reached alike are not suggested any more."
MERGE_TWO = "Select at least two contacts to merge."
MERGE_FEW = "Merge at most {most} contacts at a time."
CONTACT_TWO_VERSIONS = "It was changed in two places at once. Pick the version that counts."
CONTACT_PICKED = "That version counts now."

# Templates, fields, and messages for several people
TEMPLATE_NO_NAME = "Give it a name, by which you find it."
TEMPLATE_EMPTY = "Write the text of the template."
TEMPLATE_SAVED = "{name} is saved."
TEMPLATE_CHANGED_MEANWHILE = "It was changed while you were editing it. Both are below; nothing is saved yet."
NO_TEMPLATE = "There is no such template: it may have been deleted."
UNKNOWN_FIELD = "There is no field “{name}”. There are {fields}; with \\ before it, it is sent as it is written."
EMPTY_FIELD_ALONE = "Nothing is known for {name}. Write it out, or say what instead: {{{{{name}|friend}}}}."
EMPTY_FIELD = "Nothing is known for {name}."
NO_SUCH_TAG = "Nobody has the tag “{tag}”."
NOT_UNDERSTOOD = "“{part}” is nobody in your contacts by that name."
DID_YOU_MEAN = "Did you mean {people}?"
TOO_MANY_AT_ONCE = "That is {count:,} people; at most {most} at a time."
NOT_WRITTEN_TO = "First message from here: whether they are on WhatsApp is not known."
NO_NUMBER_THERE = "No number, so nothing is sent."
NOBODY_CHOSEN = "Tick at least one person."
SEVERAL_CHANGED = "What would be sent has changed since you looked: look again, nothing is scheduled yet."
SEVERAL_REPEAT = "A message that repeats goes to one person: leave the others out, or let it not repeat."
SEVERAL_SCHEDULED = "{count} messages are scheduled for {meaning}"
SEVERAL_ONE_SCHEDULED = "One message is scheduled for {meaning}"
SEVERAL_ALREADY = "{count} had been saved by an earlier click."
SEVERAL_CANCELLED = "Asked to cancel {count} messages."
SEVERAL_CANCELLED_NONE = "None of them is still waiting, so none was cancelled."
SEVERAL_FIRST = "The first: {forecast}"
SEVERAL_PACE = (
    "They leave one after the other, {gap:g} to {most:g} s apart unless set otherwise, at most {hourly} an hour: "
    "the last of {count} about {later} after the first."
)

# Not sent if they write first
THEY_WROTE_FIRST = "They wrote first, on {at}, so it was not sent."
CALLED_OFF = "It was not to be sent then."
UNLESS_THEY_WRITE = "Do not send it if they write first"
UNLESS_THEY_WRITE_HINT = (
    "It is cancelled, and says so, when they have written to you after you scheduled it (in a group: anybody). You can "
    "still send it then."
)
UNLESS_THEY_WRITE_SERIES = "When it repeats: since the date before."
UNLESS_THEY_WRITE_SINCE = "Counted since {at}. To count from now on, save it once without the tick."
SEVERAL_UNLESS = "Whoever writes first gets none."
NOT_IF_THEY_WRITE = "It is not sent if they write after {at}."
NOT_IF_THEY_WRITE_SERIES = "A date is not sent if they have written since the one before."

# Attachments
FILE_UNNAMED = "The file"
FILE_EMPTY = "“{name}” is empty: there is nothing in it to send."
FILE_LARGE = "“{name}” has more than {most} MB, which is the most for a file: make it smaller, or send a link to it."
FILE_LIES = (
    "“{name}” calls itself {mime} and does not look like it. If you want to send it all the same, "
    "choose Document and attach it again."
)
FILE_NO_VOICE = "A voice message is Opus in an Ogg file (.ogg, .opus): send this one as what it is."
FILE_NO_SOUND = "WhatsApp plays MP3, M4A, AAC, AMR and Ogg: send this one as a document."
FILE_GONE = "The file that was attached is not kept here any more: attach it again, or leave it out."
FILE_AGAIN = "Only the file has to be chosen again."
FILES_BUSY = "Other files are being stored just now: attach it again in a moment."
BAD_CHOICE_OF_LIST = "Choose one of the list."
FORM_FAR_TOO_LARGE = "That file is far too large: a file has at most {most} MB. Go back and choose another one."
FILE_LIMITS = (
    "Up to {most} MB. Pictures (JPEG, PNG), films (MP4, 3GP) and sounds (MP3, M4A, AAC, AMR, Ogg) are shown as such; "
    "anything else goes as a document. The message is the caption, up to {caption:,} characters; beside a sound or a "
    "voice message WhatsApp shows none."
)
FILE_SENDING = "Uploading…"
FILE_KEPT_FOR_LATER = "It could not be uploaded just now; it goes along when you save."

# What is looked at before a message leaves
CHECK_FIELDS, CHECK_TIME, CHECK_WHATSAPP, CHECK_LINK = "Fields", "Time", "On WhatsApp", "Link"
CHECK_DUPLICATE, CHECK_QUIET, CHECK_PACE = "Duplicate", "Quiet hours", "Pace"
CHECK_TITLE, CHECK_BUTTON = "Before it leaves", "Check"
CHECK_MEND, CHECK_SEE, CHECK_TO_LINK, CHECK_NEW_TAB = "Mend it", "Look at it", "Open Link", "in a new tab"
CHECK_GOOD = "Nothing stands in its way."
CHECK_UNKNOWN = "Nothing stands in its way, as far as is known."
CHECK_OPEN = "This list fills itself as you write."
CHECK_LOOKS_ONE = "One thing to look at; it can be scheduled all the same."
CHECK_LOOKS = "{count} things to look at; it can be scheduled all the same."
CHECK_STOPS_ONE = "One thing stops it."
CHECK_STOPS = "{count} things stop it."
CHECK_HINT = "Looked at before anything is scheduled: duplicates, quiet hours, pace, the link and more."
CHECK_TO_FILL, CHECK_WRONG, CHECK_LACKING, CHECK_FILLED = "To fill in", "Not yet right", "Some are empty", "Filled in"
CHECK_FILLED_WHAT = "Everything that is needed is there."
CHECK_EMPTY = "Nothing is known for {fields} of {names}: they get the text without it."
CHECK_TO_CHOOSE, CHECK_CLOCKS, CHECK_TO_COME = "To choose", "The clocks change", "To come"
CHECK_NO_TIME = "Choose when it is to leave."
CHECK_TO_COME_WHAT = "It leaves {when}, and the clocks do nothing odd then."
CHECK_LATER, CHECK_NOT_KNOWN, CHECK_YES, CHECK_NONE = "Later", "Not known", "Yes", "None"
CHECK_NOBODY = "Say whom it is for."
CHECK_NOT_YET = "Known once you have said whom it is for and when."
CHECK_DOUBTFUL = "Doubtful"
SEEN_DELIVERED = "A phone has confirmed a message to this number."
SEEN_WRITING = "They have written to you."
SEEN_BY_HOST = "The session host has written to this number before."
SEEN_GROUP = _("It is a group.")
SEEN_IN_GROUP = _("This account is in the group.")
SEEN_IN_GROUP_OF = _("This account is in the group. Members: {count}.")
SEEN_NOT_IN_GROUP = _("This account is not in that group, as far as the session host knows: what goes there fails.")
SEEN_ALL = "A phone has confirmed a message from you, or they have written to you."
SEEN_NEVER = "Nothing was sent to this number from here yet: if it is not on WhatsApp, the message fails and says so."
SEEN_NEVER_SEVERAL = "Nothing was sent to {names} from here yet: what is not on WhatsApp fails and says so."
SEEN_UNCONFIRMED = "No phone has confirmed the last message to this number: it may be off, or not on WhatsApp."
SEEN_FAILING = "The last message to this number failed: {reason} Check the number."
CHECK_UP, CHECK_DOWN, CHECK_AWAY = "Up", "Down", "Away"
CHECK_LINK_UNKNOWN = "The session host has not said yet."
CHECK_WAITS_FOR_LINK = "The message is stored and waits for it."
CHECK_UNREAD = "The storage does not answer, so what is scheduled cannot be read."
CHECK_NO_DUPLICATE = "Nothing like it waits for them."
DUPLICATE_FILE, DUPLICATE_WORDS, AND = "file", "text", "and"
DUPLICATE_BOTH = "The same {what} to {name} is scheduled for that minute already."
DUPLICATE_CONTENT = "The same {what} to {name} is already scheduled for {when}."
DUPLICATE_MINUTE = "Another message to {name} is scheduled for that minute: {when}."
CHECK_INSIDE, CHECK_OUTSIDE = "Inside", "Outside"
CHECK_IN_QUIET = (
    "Its time is in your quiet hours ({hours}). It leaves all the same: only what is late waits for morning."
)
CHECK_NOT_QUIET = "Its time is outside your quiet hours."
CHECK_HOST_SILENT = "The session host keeps them, and does not say just now."
CHECK_WAITS, CHECK_AT_SECOND, CHECK_QUEUED = "Waits", "At its second", "One after the other"

# The folded fields: each says what it is set to, in a line like "Once · up to 6 h late · even if they write first"
MORE_OPTIONS = _("More options")
MORE_ONCE = _("Once")
MORE_LATE = {
    "within": _("up to {hours} h late"),
    "on-time": _("on time or not at all"),
    "ask": _("asks you if late"),
}
MORE_ANYWAY, MORE_UNLESS = _("even if they write first"), _("not if they write first")

# Send now, and undoing it
NOW_BUTTON, NOW_UNDO, NOW_SEE = "Send now", "Undo", "See that message"
NOW_HINT = "Sends it in 5 seconds, whatever time is chosen; until then you can undo it."
NOW_NOTICE = "It is to be sent now."
NOW_ALREADY = "It is leaving now already."
NOW_CHANGED = "It was changed since you looked: look at it as it is now, then send it."
NOW_LEAVES, NOW_IN = "It leaves now,", "in"
NOW_DUE = "It should be leaving; until it has begun, you can undo it."
NOW_BACK = "What you typed is here again."
NOW_TOO_LATE = "What you typed is here again, but that message was not taken back in time."
NOW_ONE_PERSON = "Send now is for one person: for several, choose a time, like “in 2 minutes”; you see each text first."
NOW_ONCE = "Send now sends it once: let it not repeat, or choose a time and Schedule."

# Taking an edit back
SERIES_UNDONE = "As it was before: {rule}. The next date is {first}."
SERIES_UNDONE_STOPPED = "As it was before: {rule}. Nothing is sent until it runs again."
UNDONE_NOTICE = "As it was before: {meaning}"
UNDO_MEANWHILE = (
    "It was changed again since that edit, so nothing is undone yet. Below is what it was before; saving it replaces "
    "the version above."
)
EDIT_GONE = "That edit can no longer be taken back here: it is more than a week ago, or was made elsewhere."

# Contacts from WhatsApp
FROM_WHATSAPP = "From WhatsApp"
FROM_CHATS = "WhatsApp chats"
FOUND_WHAT = "People you have chats with who are not in your contacts. You see first what adding them would do."
FOUND_LATER = "Try again once it runs; contacts can be added by hand meanwhile."
FOUND_ALL = "All {count:,} people"
FOUND_NAME = "Name for {number}"
FOUND_ALIKE = "{name} is in your contacts with another number. Once added, Duplicates can make one of both."
FOUND_CHECK = "See what it would do"
FOUND_WRONG = "A name needs another look; everything you chose and typed is still here."
FOUND_NOBODY = "Everybody is in your contacts already."
FOUND_ALL_KNOWN = "Whoever else writes to you appears here."
FOUND_BEYOND = "And {count} more: they appear here once these are added."
FOUND_HIDDEN_ONE = "One person is left out: their number is not known"
FOUND_HIDDEN = "{count} people are left out: their numbers are not known"
FOUND_HIDDEN_WHY = "WhatsApp shows only a hidden number of them. Ask them for their phone number, and add it by hand."
FOUND_NO_NAME = "Somebody without a name"
FOUND_MORE = "Only your 5,000 newest chats were looked at."

# What the columns of a table of contacts hold
CSV_CHOOSE_PHONE = "Choose the column that holds phone numbers: without one there is nobody to write to."
COLUMNS_TITLE = "What the columns hold"
COLUMNS_WHAT = "Change what was guessed wrong; nothing is imported by that."
COLUMNS_AGAIN = "Read it again"
COLUMNS_TOO_LATE = "It is being imported or was imported already: take it back, then choose the file again."
COLUMN_KINDS = {
    "": "Left out",
    "name": "Name",
    "first": "First name",
    "middle": "Middle name",
    "last": "Last name",
    "company": "Company",
    "phone": "Number",
    "alias": "Other name",
    "tags": "Tags",
    "notes": "Notes",
    "star": "Favourite",
}

# Settings
SETTINGS_SAVED = "Your settings are saved."
SETTING_RESET = "That is as the server’s environment says again."
SETTINGS_UNDONE = "Your settings are as they were before."
SETTINGS_CHANGED_MEANWHILE = (
    "They were changed while you were editing them. Both are below; nothing of this page is saved yet."
)
SETTINGS_NOT_READ = (
    "What is set here could not be read again, so it may not be the newest: {reason} Until it can be read, what was "
    "last read holds, else what the server’s environment says."
)
SETTINGS_UNREADABLE = "This is left out, and nothing overwrites it: {reason}"
AS_THE_SERVER = "As the server’s environment says"
QUIET_NONE = "No quiet hours"
QUIET_HOURS = "{start} to {end}"
SETTING_LABELS = {
    "zone": "Time zone",
    "country": "Country",
    "quiet": "Quiet hours",
    "gap_seconds": "Seconds between two messages",
    "hourly": "Most messages in 1 hour",
    "daily": "Most messages in 24 hours",
    "strangers_daily": "Most new people in 24 hours",
}
SETTINGS_UNDO_GONE = "That change of the settings can no longer be taken back here."
SETTING_WRONG = {
    "zone": "Choose a time zone of the list, like Europe/London.",
    "country": "Choose a country of the list.",
    "quiet": "Give both times, like 22:00 and 08:00.",
    "gap_seconds": "Seconds between two messages: a number from 0 to 600.",
    "hourly": "Messages in an hour: a whole number from 1 to 100,000.",
    "daily": "Messages in 24 hours: a whole number from 1 to 100,000.",
    "strangers_daily": "First messages to new people: a whole number from 1 to 100,000.",
}
QUIET_WHOLE_DAY = "Leave at least an hour of the day outside the quiet hours, or what is late could never leave."

# Programs that may send
PROGRAMS_TITLE = "Programs that may send"
PROGRAMS_WHAT = (
    "Your shop, your calendar or a script can send through the session host. Each one gets a token of its own."
)
PROGRAMS_NONE = "No program has a token yet."
PROGRAMS_OPEN = "See and make tokens"
PROGRAM_SCOPES = {
    "send": ("Send", "Schedule, change and cancel messages."),
    "read": ("Read", "Look at messages and chats, and hear of changes."),
    "manage": ("Manage", "The WhatsApp link, and tokens: it can give itself everything else."),
}
PROGRAM_BAD_NAME = "Use up to 40 letters, digits, dots, dashes and underscores; the first one a letter or a digit."
PROGRAM_NO_SCOPE = "Choose at least one thing it may do."
PROGRAM_NAME_TAKEN = (
    "There is a token of this name already: choose another name. If it was just made and its text is lost, revoke it "
    "and make it again."
)
PROGRAM_MADE = "The token of {name}"
PROGRAM_ONCE = "Copy it now: it is stored nowhere and cannot be shown again."
PROGRAM_USE = "The program sends it with each request, in the header Authorization: Bearer, then a space and this text."
PROGRAM_MAYBE_MADE = (
    "No answer came, so the token may have been made. If it is in the list, revoke it and make it again: its text is "
    "lost."
)
PROGRAM_OWN = "This page uses it"
PROGRAM_UNUSED = "Not used since the session host started, {when}"
PROGRAM_REVOKE_WHAT = (
    "Whatever uses it is refused at once: a program, another page, the tick. A revoked token cannot be brought back."
)
PROGRAM_REVOKED = "{name} is revoked: whoever uses it is refused."
PROGRAM_GONE = "There is no token of this name any more."
PROGRAM_IS_OWN = "This page uses this token, so it cannot be revoked here: that would lock the page out."
PROGRAMS_MAY_NOT = "This page may not see or make tokens: its own token lacks the scope manage."
PROGRAMS_MAY_NOT_DO = (
    "Make one that has it on the session host’s machine with the command below, and set it as HOST_TOKEN of this page."
)
PROGRAMS_AWAY = "Tokens are kept by the session host: try again once it answers."
