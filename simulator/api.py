"""The control port: plays the phone and the contacts for whoever holds the token. JSON over HTTP, loopback only.

Requests run on threads of their own; what each asks for is done on the event loop's thread, where the network lives.
"""

import asyncio
import hmac
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import HTTPException

from simulator import app_state_sync, composing, delivery, device_lists, group_talk, phone_page, speech, views
from simulator.clock import utc_now
from simulator.groups import Group
from simulator.link_codes import WrongLinkCode
from simulator.models import (
    Account,
    AddressBookEntry,
    AddressBookName,
    ChatItem,
    Contact,
    ContactChange,
    Count,
    Fault,
    FaultRule,
    GroupChange,
    GroupName,
    GroupView,
    HappeningList,
    InboxItem,
    LinkCode,
    Linked,
    OwnPhone,
    Phone,
    PhoneText,
    Presence,
    Problem,
    Scan,
    Sent,
    State,
    TextToSend,
    WhichAccount,
)
from simulator.network import Network
from simulator.pairing import WrongCode, WrongSignature
from simulator.people import Person

_LONGEST_WAIT = 30.0
_LARGEST_BODY = 64 << 20  # a file in base64
_PHONE = TypeAdapter[str](Phone)
_GROUP = TypeAdapter[str](GroupName)

Input = TypeVar("Input", bound=BaseModel)


class Refused(Exception):
    """A request that cannot be carried out: an HTTP status and a sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(frozen=True)
class Ask:
    """A request, taken off its thread: the body, the query, and the number in the path (empty where there is none)."""

    body: bytes
    query: dict[str, str]
    phone: str

    def read(self, model: type[Input]) -> Input:
        """The body as a value; raises pydantic's ValidationError."""
        return model.model_validate_json(self.body or b"{}")


Work = Callable[[Network, Ask], Coroutine[Any, Any, BaseModel | list[Any]]]


def application(network: Network, loop: asyncio.AbstractEventLoop, token: str) -> Flask:
    """The control port's WSGI application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY

    @app.before_request
    def check_token() -> Response | None:
        if request.blueprint == phone_page.NAME:
            return None  # it has a check of its own
        given = request.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return None
        return _problem(401, "Unauthorized", "Send the token of the ready file as `Authorization: Bearer …`.")

    _say_what_is_wrong(app)

    @app.get("/media/<sha256>")
    def media(sha256: str) -> Response:
        content = network.files.plain(sha256)
        if content is None:
            return _problem(404, "Not Found", "No simulated phone has decrypted a file with this SHA-256.")
        return Response(content, content_type="application/octet-stream")

    def view(work: Work, status: int) -> Callable[..., Response]:
        def answer(phone: str = "") -> Response:
            ask = Ask(request.get_data(), request.args.to_dict(), phone)
            return _answer(asyncio.run_coroutine_threadsafe(work(network, ask), loop).result(), status)

        return answer

    app.register_blueprint(phone_page.blueprint(network, loop, token, _carry_out(network, loop)))
    for method, path, work, status in _ROUTES:
        app.add_url_rule(path, f"{method} {path}", view(work, status), methods=[method])
    return app


def _say_what_is_wrong(app: Flask) -> None:
    """Every refusal as problem+json."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _problem(error.status, "The request was refused", error.detail)

    @app.errorhandler(composing.NotThere)
    def not_there(error: composing.NotThere) -> Response:
        return _problem(404, "The request was refused", str(error))

    @app.errorhandler(ValidationError)
    def invalid(error: ValidationError) -> Response:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        return _problem(422, "The request is not valid", f"{place}: {first['msg']}")

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return _problem(error.code or 500, error.name, error.description or error.name)

    @app.errorhandler(CancelledError)
    def stopping(_error: CancelledError) -> Response:
        return _problem(503, "Service Unavailable", "The simulator is stopping.")


def _carry_out(network: Network, loop: asyncio.AbstractEventLoop) -> phone_page.CarryOut:
    def carry_out(route: str, body: BaseModel, phone: str = "") -> BaseModel | list[Any]:
        work = next(work for method, path, work, _status in _ROUTES if f"{method} {path}" == route)
        ask = Ask(body.model_dump_json().encode(), {}, phone)
        try:
            return asyncio.run_coroutine_threadsafe(work(network, ask), loop).result()
        except Refused as refused:
            raise phone_page.CannotDo(refused.detail) from None
        except composing.NotThere as missing:
            raise phone_page.CannotDo(str(missing)) from None

    return carry_out


async def _state(network: Network, _ask: Ask) -> State:
    return State(
        accounts=[views.account(network, person) for person in network.people.all(accounts=True)],
        contacts=len(network.people.all(accounts=False)),
        waiting_for_scan=network.links.waiting,
        last_event=network.happenings.last,
    )


async def _put_contact(network: Network, ask: Ask) -> Contact:
    phone, change = _PHONE.validate_python(ask.phone), ask.read(ContactChange)
    known = network.people.by_phone(phone)
    if known and known.is_account:
        raise Refused(409, "This number is an account's own; a contact needs another one.")
    person = network.people.put(phone, **change.model_dump())
    if known and len(known.ends) != len(person.ends):
        device_lists.changed(network, person)
    return views.contact(person)


async def _contacts(network: Network, _ask: Ask) -> list[Contact]:
    return [views.contact(person) for person in network.people.all(accounts=False)]


async def _inbox(network: Network, ask: Ask) -> list[InboxItem]:
    messages = network.mailbox.messages(_known(network, ask.phone).phone)
    return [views.inbox_item(message) for message in messages if message.from_phone != message.owner]


async def _send(network: Network, ask: Ask) -> Sent:
    wanted = ask.read(TextToSend)
    speaker = _known(network, ask.phone)
    end = next((one for one in speaker.ends if one.device == wanted.device), None)
    if end is None:
        raise Refused(404, "The contact has no device with this number.")
    group = _group(network, wanted.group, speaker) if wanted.group else None
    owner = speaker if group else _account(network, wanted.to)
    chat, peer = (str(group.jid), group.jid) if group else (owner.phone, owner.lid_jid)
    sent = Sent(id="", devices=0)
    for number in range(1, wanted.times + 1):
        said = wanted if wanted.times == 1 else wanted.model_copy(update={"text": f"{wanted.text} {number}"})
        message = composing.compose(network, speaker, chat, peer, said)
        with network.transaction():
            if group:
                message_id, devices = group_talk.say(network, group, speaker, end, message)
            else:
                message_id, devices = speech.say(network, speaker, end, owner, message)
        sent = Sent(id=message_id, devices=devices)
        await asyncio.sleep(0)
    return sent


async def _read(network: Network, ask: Ask) -> Count:
    return Count(count=delivery.read_all(network, _known(network, ask.phone)))


async def _show_presence(network: Network, ask: Ask) -> Count:
    wanted, contact = ask.read(Presence), _known(network, ask.phone)
    owner = _account(network, wanted.to)
    group = _group(network, wanted.group, contact) if wanted.group else None
    return Count(count=network.presences.show(contact, wanted.state, owner, group))


async def _put_phone(network: Network, ask: Ask) -> Account:
    wanted = ask.read(OwnPhone)
    _not_a_contact(network, wanted.phone)
    return views.account(network, network.people.put(wanted.phone, wanted.name, is_account=True))


def _not_a_contact(network: Network, phone: str) -> None:
    known = network.people.by_phone(phone)
    if known and not known.is_account:
        raise Refused(409, "This number is a contact's; the phone needs a number of its own.")


async def _address_book(network: Network, ask: Ask) -> list[AddressBookEntry]:
    entries = network.address_book.entries(_account(network, ask.query.get("phone")))
    return [AddressBookEntry(phone=each.phone, name=each.name) for each in entries]


async def _put_name(network: Network, ask: Ask) -> Count:
    wanted, contact = ask.read(AddressBookName), _known(network, ask.phone)
    owner = _account(network, wanted.account)
    with network.transaction():
        done = network.address_book.put(owner, contact, wanted.name, utc_now())
        if done:
            app_state_sync.changed(network, owner)
    return Count(count=int(done))


async def _scan(network: Network, ask: Ask) -> Linked:
    wanted = ask.read(Scan)
    _not_a_contact(network, wanted.phone)
    return await _link(network.links.scan(wanted.qr, wanted.phone, wanted.name))


async def _type_code(network: Network, ask: Ask) -> Linked:
    wanted = ask.read(LinkCode)
    _not_a_contact(network, wanted.phone)
    return await _link(network.links.type_code(wanted.code, wanted.phone, wanted.name))


async def _link(linking: Coroutine[Any, Any, Linked]) -> Linked:
    try:
        return await linking
    except (WrongCode, WrongLinkCode) as error:
        raise Refused(422, str(error)) from error
    except WrongSignature as error:
        raise Refused(409, str(error)) from error
    except TimeoutError as error:
        raise Refused(504, "The client did not confirm the link in time.") from error


async def _chats(network: Network, ask: Ask) -> list[ChatItem]:
    owner = _account(network, ask.query.get("phone"))
    return [views.chat_item(message) for message in network.mailbox.messages(owner.phone)]


async def _send_from_phone(network: Network, ask: Ask) -> Sent:
    wanted = ask.read(PhoneText)
    owner = _account(network, wanted.phone)
    if wanted.group:
        group = _group(network, wanted.group, owner)
        message = composing.compose(network, owner, str(group.jid), group.jid, wanted)
        with network.transaction():
            message_id, devices = group_talk.say(network, group, owner, owner.end, message)
        return Sent(id=message_id, devices=devices)
    contact = _known(network, wanted.to or "")
    message = composing.compose(network, owner, contact.phone, contact.lid_jid, wanted)
    with network.transaction():
        message_id, devices = speech.say_from_phone(network, owner, contact, message)
    return Sent(id=message_id, devices=devices)


async def _put_group(network: Network, ask: Ask) -> GroupView:
    name, change = _GROUP.validate_python(ask.phone), ask.read(GroupChange)
    owner = _account(network, change.account)
    others = [_known(network, phone).phone for phone in change.participants if phone != owner.phone]
    with network.transaction():
        group = group_talk.put(network, name, change.subject, owner, (owner.phone, *dict.fromkeys(others)))
    return views.group(group)


async def _groups(network: Network, _ask: Ask) -> list[GroupView]:
    return [views.group(group) for group in network.groups.all()]


async def _log_out(network: Network, ask: Ask) -> Count:
    return Count(count=network.links.log_out(_account(network, ask.read(WhichAccount).phone)))


async def _events(network: Network, ask: Ask) -> HappeningList:
    try:
        after = int(ask.query.get("after", "0"))
        wait = min(float(ask.query.get("wait", "0")), _LONGEST_WAIT)
    except ValueError as error:
        raise Refused(422, "`after` is the number of an event, `wait` a number of seconds.") from error
    events = await network.happenings.wait(after, wait)
    return HappeningList(events=events, last=network.happenings.last)


async def _break_connections(network: Network, _ask: Ask) -> Count:
    connections = list(network.connected.values())
    for connection in connections:
        connection.abort()
    return Count(count=len(connections))


async def _add_fault(network: Network, ask: Ask) -> Fault:
    return await network.add_fault(ask.read(FaultRule))


async def _faults(network: Network, _ask: Ask) -> list[Fault]:
    return network.faults.all()


async def _clear_faults(network: Network, _ask: Ask) -> Count:
    return Count(count=await network.clear_faults())


_ROUTES: tuple[tuple[str, str, Work, int], ...] = (
    ("GET", "/state", _state, 200),
    ("GET", "/events", _events, 200),
    ("GET", "/contacts", _contacts, 200),
    ("PUT", "/contacts/<phone>", _put_contact, 200),
    ("GET", "/contacts/<phone>/inbox", _inbox, 200),
    ("POST", "/contacts/<phone>/send", _send, 201),
    ("POST", "/contacts/<phone>/read", _read, 200),
    ("GET", "/groups", _groups, 200),
    ("PUT", "/groups/<phone>", _put_group, 200),
    ("POST", "/contacts/<phone>/presence", _show_presence, 200),
    ("PUT", "/phone", _put_phone, 200),
    ("GET", "/phone/address-book", _address_book, 200),
    ("PUT", "/phone/address-book/<phone>", _put_name, 200),
    ("POST", "/phone/scan", _scan, 201),
    ("POST", "/phone/link-code", _type_code, 201),
    ("GET", "/phone/chats", _chats, 200),
    ("POST", "/phone/send", _send_from_phone, 201),
    ("POST", "/phone/logout", _log_out, 200),
    ("POST", "/connections/break", _break_connections, 200),
    ("GET", "/faults", _faults, 200),
    ("POST", "/faults", _add_fault, 201),
    ("DELETE", "/faults", _clear_faults, 200),
)


def _answer(value: BaseModel | list[Any], status: int) -> Response:
    content = TypeAdapter(type(value)).dump_json(value, by_alias=True)
    return Response(content, status, content_type="application/json")


def _problem(status: int, title: str, detail: str) -> Response:
    body = Problem(title=title, status=status, detail=detail).model_dump_json()
    return Response(body, status, content_type="application/problem+json")


def _known(network: Network, phone: str) -> Person:
    person = network.people.by_phone(phone)
    if person is None or person.is_account:
        raise Refused(404, "There is no contact with this number; PUT /contacts/{phone} adds one.")
    return person


def _account(network: Network, phone: str | None) -> Person:
    accounts = [one for one in network.people.all(accounts=True) if phone in (None, one.phone)]
    if len(accounts) == 1:
        return accounts[0]
    if accounts:
        raise Refused(409, "There are several accounts: name one by its phone number.")
    raise Refused(404, "There is no such account; scan a QR code first.")


def _group(network: Network, name: str, speaker: Person) -> Group:
    group = network.groups.find(name)
    if group is None:
        raise Refused(404, "There is no such group; add it with PUT /groups/{name}.")
    if speaker.phone not in group.members:
        raise Refused(409, "Only a member can speak in a group.")
    return group
