"""The sentences this page says on its own account, in one place; what a form or a status says is found here by name."""

from web.language import _, counted, pgettext

# Where a message or a series stands, in a word
WORD_ASKED_TO_CANCEL = _("Asked to cancel")
WORD_TWO_VERSIONS = _("Two versions")
WORD_CANCELLED = _("Cancelled")
WORD_LEAVING = _("Leaving")
WORD_FAILED = _("Failed")
WORD_MISSED = _("Missed")
WORD_ARRIVED = _("Arrived")
WORD_NOT_ARRIVED = _("Not arrived")
WORD_NOT_CERTAIN = _("Not certain")
WORD_READ = pgettext("by whom it is for", "Read")
WORD_DELIVERED = _("Delivered")
WORD_NOT_CONFIRMED = _("Not confirmed")
WORD_SENT = _("Sent")
WORD_HELD = _("Held")
WORD_OVERDUE = _("Overdue")
WORD_ASKED_TO_CHANGE = _("Asked to change")
WORD_READY = _("Ready")
WORD_TRYING_AGAIN = _("Trying again")
WORD_SCHEDULED = _("Scheduled")
WORD_PAUSED = _("Paused")
WORD_ASKED_TO_PAUSE = _("Asked to pause")
WORD_ENDED = _("Ended")
WORD_ASKED_TO_END = _("Asked to end")
WORD_RUNNING = _("Running")
WORD_FINISHED = _("Finished")
WORD_BEGUN = _("Begun")
WORD_SENT_AGAIN = _("Sent again")
WORD_THEY_WROTE_FIRST = _("They wrote first")

SCHEDULED = _("Stored. It leaves at its second.")
READY = _("The session host has it and will send it at its second.")
SCHEDULED_UNLESS = _("Stored. It leaves at its second, unless they have written by then.")
READY_UNLESS = _("The session host has it and will send it at its second, unless they have written by then.")
LEAVING = _("It is on its way to WhatsApp right now; it can no longer be changed.")
SENT = _("WhatsApp has taken it; their phone has not confirmed it yet.")
DELIVERED = _("It is on their phone.")
READ = _("They have read it.")
FAILED = _("It was not delivered.")
MISSED = _("Its time passed before it could be sent.")
UNKNOWN = _("It may have been delivered: look into the chat on your phone before you send it again.")
HINT = _("A receipt came from this chat that belongs to no message known here: it may have arrived.")
ARRIVED = _("You said that it arrived.")
NOT_ARRIVED = _("You said that it did not arrive.")
LET_GO = _("You said that it need not be sent any more.")
SENT_AGAIN = _("It was sent again.")
CANCELLED = _("It will not be sent.")
OVERDUE = _("It should have left by now, and nobody has said why not: look at the link and the session host.")
ASKED_TO_CANCEL = _("Asked to cancel; the session host has not confirmed it yet.")
ASKED_TO_CHANGE = _("Asked to change; the session host has not confirmed the new version yet.")
TWO_VERSIONS = _("It was changed in two places at once. Pick the version that counts.")

SHOWS = {
    "upcoming": _("Upcoming"),
    "attention": _("Needs attention"),
    "sent": _("Sent"),
    "not-sent": _("Not sent"),
    "cancelled": _("Cancelled"),
    "all": _("All"),
}
NOTHING_UNDER = {"not-sent": _("Nothing failed, was missed or is uncertain."), "cancelled": _("Nothing was cancelled.")}

PACE_AT_ONCE = _("It leaves at its second.")
PACE_WAITS = _("It waits until {when}, because of the pace: {reason}")
PACE_STRANGER = _("It is a first message to somebody new.")
PACE_UNKNOWN = _(
    "Whether it has to wait is not known just now: the host does not say. It can be scheduled all the same."
)

SCHEDULED_NOTICE = _("Scheduled for {meaning}")
CHANGED_NOTICE = _("Changed: {meaning}")
CANCEL_NOTICE = _("Asked to cancel the message to {name}.")
RESTORED_NOTICE = _("The message to {name} is scheduled again.")
ARRIVED_NOTICE = _("Noted: the message to {name} arrived.")
NOT_ARRIVED_NOTICE = _("Noted: the message to {name} did not arrive.")
LET_GO_NOTICE = _("Noted: the message to {name} need not be sent any more.")
UNSETTLED_NOTICE = _("Taken back: what became of the message to {name} is open again.")
PICKED_NOTICE = _("That version counts now.")
HANDED_OVER = _("The session host has it: it leaves even if this page is down.")
TOLD = _("It is stored, and the session host was told.")
NOT_ANSWERED = _("It is stored; the session host has not answered yet, the tick will hand it over.")
REFUSED_BY_HOST = _("The session host refused it: {reason}")

ALREADY_SCHEDULED = _("This form was already saved: nothing was scheduled twice.")
ALREADY_AGAIN = _("It was already sent again: this is that message, and nothing was sent twice.")
NOT_SETTLEABLE = _("There is nothing to settle about this message.")
NOT_REPEATABLE = _("Only a message that failed, was missed or may not have arrived can be sent again.")
ALREADY_LEAVING = _("It is already leaving or has ended, so it can no longer be changed.")
NOT_RESTORABLE = _("Its time has passed: write it again with a new time.")
CHANGED_MEANWHILE = _(
    "This message was changed while you were editing it. Both versions are below; nothing is saved yet."
)
CONTACT_CHANGED_MEANWHILE = _("This contact was changed while you were editing it. Look at both; nothing is saved yet.")

EMPTY_TEXT = _("Write something: an empty message cannot be sent.")
LONG_TEXT = _("That is {length:,} characters; WhatsApp takes {most:,}. Shorten it by {over:,}.")
IN_THE_PAST = _("That is {ago}: choose a time that is still to come.")
NO_DATE = _("Choose a date, like 2026-11-27.")
NO_TIME = _("Choose a time, like 18:00.")
BAD_DATE = _("“{typed}” is no date: write it like 2026-11-27.")
BAD_TIME = _("“{typed}” is no time of day: write it like 18:00 or 18:00:15.")
FAR_AWAY = _("That is more than ten years away: check the year.")
BAD_HOURS = _("Write a number of hours between 0.1 and 720.")
BAD_CHOICE = _("Choose one of the three.")

CONTACT_SAVED = _("{name} is saved.")
CONTACT_DELETED = _("{name} is deleted.")
CONTACT_RESTORED = _("{name} is back.")
NAME_OR_NUMBER = _("Give a name or a number.")
LONG_NAME = _("A name has at most {most} characters; this one has {length:,}.")
LONG_NOTES = _("Notes have at most {most:,} characters; these have {length:,}.")
MANY_ALIASES = _("Give at most {most} other names.")
MANY_TAGS = _("Give at most {most} tags.")
NO_PHONE = _("“{typed}” is no phone number: write one with its country code.")
LABEL_ALONE = _("“{label}” has no number beside it.")

SERIES_STORED_NOTICE = _("{rule}. The first date is {first}.")
SERIES_CHANGED_NOTICE = _("Changed: {rule}. The next date is {first}.")
SERIES_CHANGED_STOPPED_NOTICE = _("Changed: {rule}. Nothing is sent until it runs again.")
SERIES_PAUSED_NOTICE = _("Asked to pause: nothing more is to be sent to {name} until you resume it.")
SERIES_ACTIVE_NOTICE = _("Running again: {rule}.")
SERIES_ENDED_NOTICE = _("Asked to end: nothing more is to be sent to {name} by this series.")
SERIES_STAY = counted(
    "One date that you changed by itself, or that is about to leave, stays as it is.",
    "{count} dates that you changed by themselves, or that are about to leave, stay as they are.",
)
NO_DATE_TO_COME = _("none any more")
NOT_ANSWERED_SERIES = _("It is stored; the session host has not answered yet, and takes it over when it can.")
SERIES_RUNNING = _("It is sent on each of its dates.")
SERIES_FINISHED = _("It has no date any more.")
SERIES_PAUSED = _("Nothing is sent until you resume it. Dates that pass meanwhile are left out.")
SERIES_ENDED = _("It is over; what was sent stays on record.")
SERIES_ASKED = _("Stored; the session host has not taken it over yet.")
SERIES_ONLY_THIS = _("Only this date changes, and from then on it no longer follows its series.")
SERIES_CHANGED_MEANWHILE = _("This series was changed while you were editing it. Look at both; nothing is saved yet.")
SERIES_TWO_VERSIONS = _(
    "It was changed in two places at once. Pick the version that counts; till then the first one does."
)
NO_SERIES = _("There is no such series: the address is wrong.")
WITHDRAWN = _("It will not be sent: its series was paused, ended or changed.")
NO_DATE_LEFT = _("With this rule no date is left that is still to come: choose another end, or a later first date.")
BAD_REPEAT = _("Choose one of the list.")
BAD_EVERY = _("Write a whole number from 1 to {most}.")
BAD_COUNT = _("Write a whole number of times from 1 to {most}.")
BAD_UNTIL = _("Choose the last date, like 2027-03-31.")
UNTIL_NOT_CHOSEN = _("A last date is given, and Never is chosen: choose On, or empty the date.")
UNTIL_BEFORE_FIRST = _("The last date is before the first one.")
BAD_CHOICE_OF_TWO = _("Choose one of the two.")
NO_DATES = _("There is no such date: check the rule and its end.")
REPEATS_HINT = _("Nothing ticked means the weekday of the date above.")
MONTH_END_HINT = _("What a shorter month lacks means its last day.")

SETTINGS_TEMPLATES = _("Texts to write from again and again, with fields like {{first_name}}.")

APP_NAME = "WhatsApp-VPSLink"
APP_SHORT = "VPSLink"
NEW_MESSAGE = _("New message")
APP_DESCRIPTION = _("Your WhatsApp messages, at their second.")
OFFLINE = _("This page cannot be reached.")
OFFLINE_WHAT = _(
    "You are offline, or the server is. What is scheduled leaves all the same; nothing can be changed from here."
)
OFFLINE_AS_OF = _("As it was on {at}, {zone}. To be read only.")

NOTHING_SENT = _("Nothing was sent in these {days} days.")
NOTHING_SENT_WHAT = _("What leaves from here is counted on this page: how many, how punctual, and what became of it.")
COUNTED = _("Counted from the messages that this page knows, by the day each left or was given up. Zone: {zone}.")
PUNCTUAL_NOTE = _(
    "From a message's own second, or the end of the pace's hold, to when it was begun. What a lost link held back "
    "counts as late."
)
READ_NOTE = _(
    "Delivered and read are of messages to people. Who has turned read receipts off never counts as having read."
)

YOU = _("You")
GROUP = _("A group")
HIDDEN_NUMBER = _("Hidden number {end}")
NO_WORDS = _("No words")
NO_CHAT = _("Nothing of this chat has been captured here.")
NO_FILE = _("This file is not kept here.")
ANSWERS_UNKNOWN = _("A message that is not kept here")
DELETED_MESSAGE = _("This message was deleted.")
EDITED_AT = _("edited {at}")
GAP_HERE = _("Something may be missing here:")
GAP_UNTIL = _(" to {until}")
GAP_OPEN = _(", and it may still be")
FILE_ELSEWHERE = _("its bytes are not kept here yet: look on your phone")
CAPTURED_SINCE = _("Captured since {since}: {count}. A message is kept for {days} days.")
MESSAGES = counted("one message", "{count:,} messages")
CAPTURED_WHAT = _(
    "This is what came in while this server was linked, and what was sent. Older chats are on your phone only."
)
NOTHING_CAPTURED = _("Nothing has come in yet.")
NOTHING_CAPTURED_WHAT = _("Chats appear here as messages come in while this server is linked to WhatsApp.")
NOT_CAPTURED_NOW = _("What comes in now cannot be kept: {reason}")
EXPORT_TITLE = _("WhatsApp chat: {name}")
NOT_EXPORTED = _("The chat could not be exported. {reason}")
HOST_NOT_UNDERSTOOD_HERE = _("The session host answered what this version of the page does not understand.")
HOST_NOT_UNDERSTOOD = _(
    "The session host answered what this version of the page does not understand: are both of one version?"
)
CHATS_UNREACHABLE = _("The chats are kept by the session host, and it does not answer.")
SEARCHED_BACK = _("Searched back to {when}.")
SEARCHED_ALL = _("Searched everything that is kept.")

WRONG_PASSWORD = _("That is not the password.")
SHORT_PASSWORD = _("Choose at least {least} characters: a few words are easier than symbols.")
LONG_PASSWORD = _("Choose at most {most} characters.")
FLAT_PASSWORD = _("That is the same few characters again and again: choose a few different words.")
WRONG_CURRENT = _("That is not your present password.")
NOT_THE_SAME = _("The two new passwords differ: type the same one twice.")
PASSWORD_SAVED = _("Your password is set; every other browser is logged out.")
MINUTES = counted("{count} minute", "{count} minutes")
WAIT = _("Too many tries. Wait {wait}, then try again.")
ELSEWHERE = _("This request came from another site, so nothing was done. Open this page itself and try again.")

STORAGE_DOWN = _("The storage does not answer, so nothing was saved; everything you typed is still here. {reason}")
STORAGE_DOWN_READING = _("The storage does not answer, so this page cannot show what is scheduled. {reason}")
HOST_DOWN = _("The session host does not answer.")
HOST_DOWN_ACTION = _("Messages are stored and wait. Check that the host runs and that HOST_URL is right.")
HOST_STANDS_BACK = _("This session host sends nothing at present.")
OTHER_HOST_ACTION = _("Stop it there; if it is gone for good, run ./wa takeover here.")
HOST_UNKNOWN = _("Asking the session host…")
LOGGED_OUT = _("WhatsApp is unlinked from this host; messages wait.")
PAIRING_BY_CODE = _("WhatsApp has made a code: type it into your phone.")
ONLY_A_NUMBER = _("Only a phone number can be linked: write it like +44 7957 189696.")
NOT_BACKED_UP = _("This link is not backed up. A lost server then costs a new scan; ./wa link key begins with backups.")
NO_BACKUP_YET = _("There is no backup of this link yet; one is taken soon after linking and then daily.")
BACKED_UP = _("Last backup of this link")
BACKUP_FAILED = _("The last try to back up this link failed; it is tried again each hour:")
UNREADABLE = counted("One message could not be read on this host", "{count} messages could not be read on this host")
CAPTURED_NONE = _("Your chats are kept here as messages come in; none has yet.")
CAPTURED = counted(
    "Your chats are kept here as messages come in: one message so far.",
    "Your chats are kept here as messages come in: {count:,} messages so far.",
)
NOT_CAPTURED = _("What comes in cannot be kept now:")
GAPS = counted("Once something may have been missed", "{count:,} times something may have been missed")
UNREADABLE_ACTION = _("Their senders' phones are asked to send them again; you can read them on your phone.")
PAIRING_AGAIN = _("A new code is on its way.")
NOT_FOUND = _("There is no such page, or it is gone.")
NO_MESSAGE = _("There is no such message: it may have been archived, or the address is wrong.")
NO_CONTACT = _("There is no such contact: it may have been deleted.")
TOO_LARGE = _("That is far too much text to send: go back and shorten it.")
BROKEN = _("Something went wrong on this server. It has been written to the log; try again.")

# Contacts: bringing them in, and changing many of them
LARGE_FILE = _("This file is larger than {most} MB. Export your contacts without photos, or in parts.")
CHOOSE_FILE = _("Choose a file: a .vcf (vCard) or a .csv.")
EMPTY_FILE = _("There is nothing in this file.")
OTHER_FILE = _("This is neither a vCard nor a CSV file. From a spreadsheet, save as CSV; from a phone, export as .vcf.")
NO_UTF16 = _("This file claims to be UTF-16 and is not: save it again as UTF-8.")
TOO_MANY_LINES = _("This file has more than {most:,} lines: split it.")
TOO_MANY_PEOPLE = _("This file has more than {most:,} people: split it.")
NO_VCARD = _("There is no vCard in this file.")
NO_VCARD_FIELD = _("This line is no field of a vCard, so it was left out.")
VCARD_NO_END = _("This card has no end; the file may have been cut short.")
VCARD_TOO_DEEP = _(
    "At line {line} there are cards within cards within cards: this file was not made by an address book."
)
LONG_FIELD = _("{name} is longer than {most:,} bytes, so it was left out.")
MANY_NUMBERS = _("{count} numbers are too many for one person; at most {most} are read.")
NO_NUMBER = _("No phone number, so there is nothing to write to.")
CUT_NOTES = _("The notes are longer than {most:,} characters; the rest was left out.")
CSV_NO_PHONE = _(
    "No column holds phone numbers. Name one of them “Phone” in the first line. It begins with: {columns}."
)
CSV_LONG_ROW = _("This row is far too long; is a quote missing before it?")
CSV_OPEN_QUOTE = _("A quote opens here and never ends, so the rest of the file could not be read.")
CSV_BAD_QUOTE = _("There is a quote within a quoted field that is not doubled.")
COLUMN = _("Column {number}")
IMPORT_GONE = _("This import is no longer here: it was left for a week. Choose the file again.")
GAINS_TAG = _("tag {tag}")
GAINS_NAME = _("name {name}")
GAINS_NOTES = _("more notes")
GAINS_STAR = _("favourite")
GAINS_LABELS = _("labels of numbers")
IMPORT_UNDONE = _("The import was taken back.")
IMPORT_STOPPED = _("The storage did not answer, so the import stopped there: {reason}")
CHANGE_UNDONE = counted("One contact is as it was before.", "{count:,} contacts are as they were before.")
CHANGE_LEFT = counted("One was changed since and stays as it is.", "{count:,} were changed since and stay as they are.")
CHANGE_ALREADY = _("That was taken back already.")
CHANGE_GONE = _("That can no longer be taken back here: it is more than a week ago.")
WRITE_FEW = _("Write to at most {most} people at a time.")
NOBODY_SELECTED = _("Nobody is selected.")
NO_TAG = _("Write a tag first.")
TAGGED = counted("One contact is tagged “{tag}”.", "{count:,} contacts are tagged “{tag}”.")
UNTAGGED = counted("One contact has lost the tag “{tag}”.", "{count:,} contacts have lost the tag “{tag}”.")
STARRED = counted("One contact is a favourite now.", "{count:,} contacts are favourites now.")
DELETED = counted("One contact is deleted.", "{count:,} contacts are deleted.")
NOTHING_CHANGED = _("Nothing was changed: they were so already.")
MERGED = _("{count} contacts are one now: {name}.")
SET_APART = _("{name} and whoever is called or reached alike are not suggested any more.")
MERGE_TWO = _("Select at least two contacts to merge.")
MERGE_FEW = _("Merge at most {most} contacts at a time.")
CONTACT_TWO_VERSIONS = _("It was changed in two places at once. Pick the version that counts.")
CONTACT_PICKED = _("That version counts now.")

# Templates, fields, and messages for several people
TEMPLATE_NO_NAME = _("Give it a name, by which you find it.")
TEMPLATE_EMPTY = _("Write the text of the template.")
TEMPLATE_SAVED = _("{name} is saved.")
TEMPLATE_CHANGED_MEANWHILE = _("It was changed while you were editing it. Both are below; nothing is saved yet.")
NO_TEMPLATE = _("There is no such template: it may have been deleted.")
UNKNOWN_FIELD = _("There is no field “{name}”. There are {fields}; with \\ before it, it is sent as it is written.")
EMPTY_FIELD_ALONE = _("Nothing is known for {name}. Write it out, or say what instead: {{{{{name}|friend}}}}.")
EMPTY_FIELD = _("Nothing is known for {name}.")
NO_SUCH_TAG = _("Nobody has the tag “{tag}”.")
NOT_UNDERSTOOD = _("“{part}” is nobody in your contacts by that name.")
DID_YOU_MEAN = _("Did you mean {people}?")
TOO_MANY_AT_ONCE = _("That is {count:,} people; at most {most} at a time.")
NOT_WRITTEN_TO = _("First message from here: whether they are on WhatsApp is not known.")
NO_NUMBER_THERE = _("No number, so nothing is sent.")
NOBODY_CHOSEN = _("Tick at least one person.")
SEVERAL_CHANGED = _("What would be sent has changed since you looked: look again, nothing is scheduled yet.")
SEVERAL_REPEAT = _("A message that repeats goes to one person: leave the others out, or let it not repeat.")
SEVERAL_SCHEDULED = counted("One message is scheduled for {meaning}", "{count} messages are scheduled for {meaning}")
SEVERAL_ALREADY = counted("{count} had been saved by an earlier click.", "{count} had been saved by an earlier click.")
SEVERAL_CANCELLED = counted("Asked to cancel {count} message.", "Asked to cancel {count} messages.")
SEVERAL_CANCELLED_NONE = _("None of them is still waiting, so none was cancelled.")
SEVERAL_FIRST = _("The first: {forecast}")
SEVERAL_PACE = _(
    "They leave one after the other, {gap} s apart, at most {hourly} an hour and {daily} in 24 hours: "
    "the last of {count} about {later} after the first."
)
SEVERAL_GAP = _("{gap:g} to {most:g}")
SEVERAL_PACE_UNKNOWN = _("How far apart they leave is not known just now: the host does not say its pace.")

# Not sent if they write first
THEY_WROTE_FIRST = _("They wrote first, on {at}, so it was not sent.")
CALLED_OFF = _("It was not to be sent then.")
UNLESS_THEY_WRITE = _("Do not send it if they write first")
UNLESS_THEY_WRITE_HINT = _(
    "It is cancelled, and says so, when they have written to you after you scheduled it (in a group: anybody). You can "
    "still send it then."
)
UNLESS_THEY_WRITE_SERIES = _("When it repeats: since the date before.")
UNLESS_THEY_WRITE_SINCE = _("Counted since {at}. To count from now on, save it once without the tick.")
SEVERAL_UNLESS = _("Whoever writes first gets none.")
NOT_IF_THEY_WRITE = _("It is not sent if they write after {at}.")
NOT_IF_THEY_WRITE_SERIES = _("A date is not sent if they have written since the one before.")

# Attachments
FILE_UNNAMED = _("The file")
FILE_EMPTY = _("“{name}” is empty: there is nothing in it to send.")
FILE_LARGE = _("“{name}” has more than {most} MB, which is the most for a file: make it smaller, or send a link to it.")
FILE_LIES = _(
    "“{name}” calls itself {mime} and does not look like it. If you want to send it all the same, "
    "choose Document and attach it again."
)
FILE_NO_VOICE = _("A voice message is Opus in an Ogg file (.ogg, .opus): send this one as what it is.")
FILE_NO_SOUND = _("WhatsApp plays MP3, M4A, AAC, AMR and Ogg: send this one as a document.")
FILE_GONE = _("The file that was attached is not kept here any more: attach it again, or leave it out.")
FILE_AGAIN = _("Only the file has to be chosen again.")
FILES_BUSY = _("Other files are being stored just now: attach it again in a moment.")
BAD_CHOICE_OF_LIST = _("Choose one of the list.")
FORM_FAR_TOO_LARGE = _("That file is far too large: a file has at most {most} MB. Go back and choose another one.")
FILE_LIMITS = _(
    "Up to {most} MB. Pictures (JPEG, PNG), films (MP4, 3GP) and sounds (MP3, M4A, AAC, AMR, Ogg) are shown as such; "
    "anything else goes as a document. The message is the caption, up to {caption:,} characters; beside a sound or a "
    "voice message WhatsApp shows none."
)
FILE_SENDING = _("Uploading…")
FILE_KEPT_FOR_LATER = _("It could not be uploaded just now; it goes along when you save.")

WITHIN_A_MINUTE = _("within a minute")

# What is looked at before a message leaves
CHECK_FIELDS, CHECK_TIME, CHECK_WHATSAPP, CHECK_LINK = _("Fields"), _("Time"), _("On WhatsApp"), _("Link")
CHECK_DUPLICATE, CHECK_QUIET, CHECK_PACE = _("Duplicate"), _("Quiet hours"), _("Pace")
CHECK_TITLE, CHECK_BUTTON = _("Before it leaves"), _("Check")
CHECK_AGAIN = _("Not checked again yet …")
CHECK_MEND, CHECK_SEE, CHECK_TO_LINK, CHECK_NEW_TAB = _("Mend it"), _("Look at it"), _("Open Link"), _("in a new tab")
CHECK_GOOD = _("Nothing stands in its way.")
CHECK_UNKNOWN = _("Nothing stands in its way, as far as is known.")
CHECK_OPEN = _("Checked as you write.")
CHECK_LOOKS = counted(
    "One thing to look at; it can be scheduled all the same.",
    "{count} things to look at; it can be scheduled all the same.",
)
CHECK_STOPS = counted("One thing stops it.", "{count} things stop it.")
CHECK_HINT = _("Looked at before anything is scheduled: duplicates, quiet hours, pace, the link and more.")
CHECK_TO_FILL, CHECK_WRONG, CHECK_LACKING, CHECK_FILLED = (
    _("To fill in"),
    _("Not yet right"),
    _("Some are empty"),
    _("Filled in"),
)
CHECK_FILLED_WHAT = _("Everything that is needed is there.")
CHECK_EMPTY = _("Nothing is known for {fields} of {names}: they get the text without it.")
CHECK_TO_CHOOSE, CHECK_CLOCKS, CHECK_TO_COME = _("To choose"), _("The clocks change"), _("To come")
CHECK_NO_TIME = _("Choose when it is to leave.")
CHECK_TO_COME_WHAT = _("It leaves {when}, and the clocks do nothing odd then.")
CHECK_LATER, CHECK_NOT_KNOWN, CHECK_YES, CHECK_NONE = _("Later"), _("Not known"), _("Yes"), _("None")
CHECK_NOBODY = _("Say whom it is for.")
CHECK_NOT_YET = _("Known once you have said whom it is for and when.")
CHECK_DOUBTFUL = _("Doubtful")
SEEN_DELIVERED = _("A phone has confirmed a message to this number.")
SEEN_WRITING = _("They have written to you.")
SEEN_BY_HOST = _("The session host has written to this number before.")
SEEN_GROUP = _("It is a group.")
SEEN_IN_GROUP = _("This account is in the group.")
SEEN_IN_GROUP_OF = _("This account is in the group. Members: {count}.")
SEEN_NOT_IN_GROUP = _("This account is not in that group, as far as the session host knows: what goes there fails.")
SEEN_ALL = _("A phone has confirmed a message from you, or they have written to you.")
SEEN_NEVER = _(
    "Nothing was sent to this number from here yet: if it is not on WhatsApp, the message fails and says so."
)
SEEN_NEVER_SEVERAL = _("Nothing was sent to {names} from here yet: what is not on WhatsApp fails and says so.")
SEEN_UNCONFIRMED = _("No phone has confirmed the last message to this number: it may be off, or not on WhatsApp.")
SEEN_FAILING = _("The last message to this number failed: {reason} Check the number.")
CHECK_UP, CHECK_DOWN, CHECK_AWAY = _("Up"), _("Down"), _("Away")
CHECK_LINK_UNKNOWN = _("The session host has not said yet.")
CHECK_WAITS_FOR_LINK = _("The message is stored and waits for it.")
CHECK_UNREAD = _("The storage does not answer, so what is scheduled cannot be read.")
CHECK_NO_DUPLICATE = _("Nothing like it waits for them.")
DUPLICATE_FILE, DUPLICATE_WORDS, AND = _("file"), _("text"), _("and")
DUPLICATE_BOTH = _("The same {what} to {name} is scheduled for that minute already.")
DUPLICATE_CONTENT = _("The same {what} to {name} is already scheduled for {when}.")
DUPLICATE_MINUTE = _("Another message to {name} is scheduled for that minute: {when}.")
CHECK_INSIDE, CHECK_OUTSIDE = _("Inside"), _("Outside")
CHECK_IN_QUIET = _(
    "Its time is in your quiet hours ({hours}). It leaves all the same: only what is late waits for morning."
)
CHECK_NOT_QUIET = _("Its time is outside your quiet hours.")
CHECK_HOST_SILENT = _("The session host keeps them, and does not say just now.")
CHECK_WAITS, CHECK_AT_SECOND, CHECK_QUEUED = _("Waits"), _("At its second"), _("One after the other")

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
NOW_BUTTON, NOW_UNDO, NOW_SEE = _("Send now"), _("Undo"), _("See that message")
NOW_HINT = _("Sends it in 5 seconds, whatever time is chosen; until then you can undo it.")
NOW_NOTICE = _("It is to be sent now.")
NOW_ALREADY = _("It is leaving now already.")
NOW_CHANGED = _("It was changed since you looked: look at it as it is now, then send it.")
NOW_DUE = _("It should be leaving; until it has begun, you can undo it.")
TYPED_AGAIN = _("What you had typed here is here again.")
TYPED_ANEW = _("Start anew")
SESSION_ENDED = _("You are logged out. What you have typed stays here:")
SESSION_ENDED_ACTION = _("log in in a new tab, then go on here.")
SESSION_ENDED_UNDONE = _("You had been logged out, so that was not done. Log in, and do it again.")
PAGE_AWAY = _("This page cannot be reached just now. What you see may be out of date; it goes on by itself.")
NOW_BACK = _("What you typed is here again.")
NOW_TOO_LATE = _("What you typed is here again, but that message was not taken back in time.")
NOW_ONE_PERSON = _(
    "Send now is for one person: for several, choose a time, like “in 2 minutes”; you see each text first."
)
NOW_ONCE = _("Send now sends it once: let it not repeat, or choose a time and Schedule.")

# Taking an edit back
SERIES_UNDONE = _("As it was before: {rule}. The next date is {first}.")
SERIES_UNDONE_STOPPED = _("As it was before: {rule}. Nothing is sent until it runs again.")
UNDONE_NOTICE = _("As it was before: {meaning}")
UNDO_MEANWHILE = _(
    "It was changed again since that edit, so nothing is undone yet. Below is what it was before; saving it replaces "
    "the version above."
)
EDIT_GONE = _("That edit can no longer be taken back here: it is more than a week ago, or was made elsewhere.")

# Contacts from WhatsApp
FROM_WHATSAPP = _("From WhatsApp")
FROM_CHATS = _("WhatsApp chats")
FOUND_WHAT = _("People you have chats with who are not in your contacts. You see first what adding them would do.")
FOUND_LATER = _("Try again once it runs; contacts can be added by hand meanwhile.")
FOUND_ALL = _("All {count:,} people")
FOUND_NAME = _("Name for {number}")
FOUND_ALIKE = _("{name} is in your contacts with another number. Once added, Duplicates can make one of both.")
FOUND_CHECK = _("See what it would do")
FOUND_WRONG = _("A name needs another look; everything you chose and typed is still here.")
FOUND_NOBODY = _("Everybody is in your contacts already.")
FOUND_ALL_KNOWN = _("Whoever else writes to you appears here.")
FOUND_BEYOND = _("And {count} more: they appear here once these are added.")
FOUND_HIDDEN = counted(
    "One person is left out: their number is not known",
    "{count:,} people are left out: their numbers are not known",
)
FOUND_HIDDEN_WHY = _(
    "WhatsApp shows only a hidden number of them. Ask them for their phone number, and add it by hand."
)
FOUND_NO_NAME = _("Somebody without a name")
FOUND_MORE = _("Only your 5,000 newest chats were looked at.")

# What the columns of a table of contacts hold
CSV_CHOOSE_PHONE = _("Choose the column that holds phone numbers: without one there is nobody to write to.")
COLUMNS_TITLE = _("What the columns hold")
COLUMNS_WHAT = _("Change what was guessed wrong; nothing is imported by that.")
COLUMNS_AGAIN = _("Read it again")
COLUMNS_TOO_LATE = _("It is being imported or was imported already: take it back, then choose the file again.")
COLUMN_KINDS = {
    "": _("Left out"),
    "name": _("Name"),
    "first": _("First name"),
    "middle": _("Middle name"),
    "last": _("Last name"),
    "company": _("Company"),
    "phone": _("Number"),
    "alias": _("Other name"),
    "tags": _("Tags"),
    "notes": _("Notes"),
    "star": _("Favourite"),
}

# Settings
SETTINGS_SAVED = _("Your settings are saved.")
SETTING_RESET = _("That is as the server’s environment says again.")
SETTINGS_UNDONE = _("Your settings are as they were before.")
SETTINGS_CHANGED_MEANWHILE = _(
    "They were changed while you were editing them. Both are below; nothing of this page is saved yet."
)
SETTINGS_NOT_READ = _(
    "What is set here could not be read again, so it may not be the newest: {reason} Until it can be read, what was "
    "last read holds, else what the server’s environment says."
)
AS_THE_SERVER = _("As the server’s environment says")
QUIET_NONE = _("No quiet hours")
QUIET_HOURS = _("{start} to {end}")
SETTING_LABELS = {
    "zone": _("Time zone"),
    "country": _("Country"),
    "quiet": _("Quiet hours"),
    "gap_seconds": _("Seconds between two messages"),
    "hourly": _("Most messages in 1 hour"),
    "daily": _("Most messages in 24 hours"),
    "strangers_daily": _("Most new people in 24 hours"),
}
SETTINGS_UNDO_GONE = _("That change of the settings can no longer be taken back here.")
SETTING_WRONG = {
    "zone": _("Choose a time zone of the list, like Europe/London."),
    "country": _("Choose a country of the list."),
    "quiet": _("Give both times, like 22:00 and 08:00."),
    "gap_seconds": _("Seconds between two messages: a number from 0 to 600."),
    "hourly": _("Messages in an hour: a whole number from 1 to 100,000."),
    "daily": _("Messages in 24 hours: a whole number from 1 to 100,000."),
    "strangers_daily": _("First messages to new people: a whole number from 1 to 100,000."),
}
QUIET_WHOLE_DAY = _("Leave at least an hour of the day outside the quiet hours, or what is late could never leave.")

# Programs that may send
PROGRAMS_TITLE = _("Programs that may send")
PROGRAMS_WHAT = _(
    "Your shop, your calendar or a script can send through the session host. Each one gets a token of its own."
)
PROGRAMS_NONE = _("No program has a token yet.")
PROGRAMS_OPEN = _("See and make tokens")
PROGRAM_SCOPES = {
    "send": (_("Send"), _("Schedule, change and cancel messages.")),
    "read": (_("Read"), _("Look at messages and chats, and hear of changes.")),
    "manage": (_("Manage"), _("The WhatsApp link, and tokens: it can give itself everything else.")),
}
PROGRAM_BAD_NAME = _("Use up to 40 letters, digits, dots, dashes and underscores; the first one a letter or a digit.")
PROGRAM_NO_SCOPE = _("Choose at least one thing it may do.")
PROGRAM_NAME_TAKEN = _(
    "There is a token of this name already: choose another name. If it was just made and its text is lost, revoke it "
    "and make it again."
)
PROGRAM_MADE = _("The token of {name}")
PROGRAM_ONCE = _("Copy it now: it is stored nowhere and cannot be shown again.")
PROGRAM_USE = _(
    "The program sends it with each request, in the header Authorization: Bearer, then a space and this text."
)
PROGRAM_MAYBE_MADE = _(
    "No answer came, so the token may have been made. If it is in the list, revoke it and make it again: its text is "
    "lost."
)
PROGRAM_OWN = _("This page uses it")
PROGRAM_UNUSED = _("Not used since the session host started, {when}")
PROGRAM_REVOKE_WHAT = _(
    "Whatever uses it is refused at once: a program, another page, the tick. A revoked token cannot be brought back."
)
PROGRAM_REVOKED = _("{name} is revoked: whoever uses it is refused.")
PROGRAM_GONE = _("There is no token of this name any more.")
PROGRAM_IS_OWN = _("This page uses this token, so it cannot be revoked here: that would lock the page out.")
PROGRAMS_MAY_NOT = _("This page may not see or make tokens: its own token lacks the scope manage.")
PROGRAMS_MAY_NOT_DO = _(
    "Make one that has it on the session host’s machine with the command below, and set it as HOST_TOKEN of this page."
)
PROGRAMS_AWAY = _("Tokens are kept by the session host: try again once it answers.")
