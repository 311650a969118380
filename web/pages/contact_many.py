"""Many contacts at once: tagging, deleting, merging those that are selected, taking it back, and files to take away."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from shared.model.contact import Contact
from shared.model.folding import fold
from web import contact_csv, several, texts, vcard
from web.contact_book import MOST_NAME, MOST_TAGS, listed
from web.contact_changes import Edit, Undone
from web.contact_merge import in_order, merged
from web.door import own_path
from web.pages.messages import compose_to
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell
from web.search import ContactIndex

page = Blueprint("many", __name__)
ALIKE_SHOWN = 20
MOST_MERGED = 20


@page.post("/contacts/many")
def change() -> Response:
    """Change those selected: `id` for each, or `everyone` for all that `q`, `in_tag` and `starred` find.

    do: tag or untag (with `tag`), star, delete; merge shows the result first, write a form for all of them. `back` is
    where to go on.
    """
    what = request.form.get("do", "")
    if what not in _CHANGES and what not in ("merge", "write"):
        abort(422, description=texts.BAD_CHOICE)
    index = parts().records.index(parts().records.now())
    chosen = _chosen(index)
    tags = listed(request.form.get("tag", ""))
    if not chosen:
        return _nothing(texts.NOBODY_SELECTED)
    if what in ("merge", "write"):
        return _ask_to_merge(chosen) if what == "merge" else _write_to(chosen)
    if what in ("tag", "untag") and not tags:
        return _nothing(texts.NO_TAG)
    if any(len(tag) > MOST_NAME for tag in tags):
        return _nothing(texts.LONG_NAME.format(most=MOST_NAME, length=max(map(len, tags))))
    change_one, said = _CHANGES[what]
    edits = [Edit(content, contact) for contact in chosen if (content := change_one(contact, tags))]
    if not edits:
        return _nothing(texts.NOTHING_CHANGED, tone="quiet")
    change_id = parts().contact_changes.apply(edits)
    tell(said(len(edits), tag=", ".join(tags)), undo=url_for("contacts.many.undo", change_id=change_id))
    return _back()


@page.post("/contacts/changes/<change_id>/undo")
def undo(change_id: str) -> Response:
    """Take a change of many contacts back, except for those that were changed since. Field: `back`."""
    undone = parts().contact_changes.undo(change_id)
    if undone is None:
        abort(404, description=texts.CHANGE_GONE)
    tell(undone_in_words(undone), tone="quiet" if undone.already else "good")
    return _back()


def undone_in_words(undone: Undone) -> str:
    """What became of an undo, in a sentence or two."""
    if undone.already:
        return texts.CHANGE_ALREADY
    back = texts.CHANGE_UNDONE(undone.restored)
    return f"{back} {texts.CHANGE_LEFT(undone.left)}" if undone.left else back


@page.get("/contacts/duplicates")
def duplicates() -> Response:
    """Who may be there twice, for they share a number or a name: both, and what one of them would be. Query: `page`."""
    groups = parts().alike.groups(parts().records.index(parts().records.now()))
    at = min(max(request.args.get("page", 1, type=int), 1), max(1, -(-len(groups) // ALIKE_SHOWN)))
    shown = [_merge_of(group[:MOST_MERGED]) for group in groups[(at - 1) * ALIKE_SHOWN : at * ALIKE_SHOWN]]
    return rendered("duplicates.html", merges=shown, total=len(groups), at=at, each=ALIKE_SHOWN, asked=False)


@page.post("/contacts/merge")
def merge() -> Response:
    """Make one of several. Fields: `id` and `version` for each, as they were shown, and `back`; 409 where one of them
    was changed meanwhile."""
    contacts = parts().records.now().contacts
    found = [contacts.get(each) for each in dict.fromkeys(request.form.getlist("id"))]
    people = [each for each in found if each is not None and not each.ended]
    if len(people) < 2:
        return _nothing(texts.MERGE_TWO)
    if len(people) > MOST_MERGED:
        return _nothing(texts.MERGE_FEW.format(most=MOST_MERGED))
    if {each.version for each in people} != set(request.form.getlist("version")):
        merges = [_merge_of(people)]
        return rendered("duplicates.html", 409, merges=merges, total=1, at=1, each=1, asked=True, problem=True)
    first, *others = in_order(people)
    gone = {"deleted_at": parts().clock.now()}
    edits = [Edit(merged(first, *others), first), *(Edit(gone, other) for other in others)]
    change_id = parts().contact_changes.apply(edits)
    sentence = texts.MERGED.format(count=len(people), name=first.shown_name)
    tell(sentence, undo=url_for("contacts.many.undo", change_id=change_id))
    return _back()


@page.post("/contacts/apart")
def set_apart() -> Response:
    """These are not the same person, so they are suggested no more. Fields: `id` for each, and `back`."""
    contacts = parts().records.now().contacts
    people = [contacts[each] for each in dict.fromkeys(request.form.getlist("id")) if each in contacts]
    if len(people) < 2:
        return _nothing(texts.MERGE_TWO)
    key = parts().alike.set_apart(each.id for each in people)
    tell(texts.SET_APART.format(name=people[0].shown_name), undo=url_for("contacts.many.forget_apart", key=key))
    return _back()


@page.post("/contacts/apart/<key>/undo")
def forget_apart(key: str) -> Response:
    """Suggest them again. Field: `back`."""
    if not parts().alike.forget(key):
        abort(404, description=texts.CHANGE_GONE)
    return _back()


@page.get("/contacts/export")
def export() -> Response:
    """What to take away, and how. Query: `tag` and `starred`, for what is chosen beforehand."""
    index = parts().records.index(parts().records.now())
    tag, starred = request.args.get("tag", "")[:200], bool(request.args.get("starred"))
    return rendered("contact_export.html", everybody=len(index), tags=index.tags, tag=tag, starred=starred)


@page.get("/contacts/file")
def file() -> Response:
    """A file of contacts. Query: `as` (vcf or csv), `who` (everybody, starred, or tag:…)."""
    who = request.args.get("who", "")[:210]
    tag = who.removeprefix("tag:") if who.startswith("tag:") else ""
    index = parts().records.index(parts().records.now())
    people = index.search("", tag=tag, favourites=who == "starred")
    name = f"contacts-{parts().clock.now():%Y-%m-%d}"
    if request.args.get("as") == "csv":
        return _download(contact_csv.print_table(people), "text/csv; charset=utf-8", f"{name}.csv")
    return _download(vcard.print_cards(people), "text/vcard; charset=utf-8", f"{name}.vcf")


def _download(pieces: Iterable[bytes], kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(b"".join(pieces), content_type=kind, headers=headers)


def _chosen(index: ContactIndex) -> list[Contact]:
    form = request.form
    if form.get("everyone"):
        return index.search(form.get("q", "")[:200], tag=form.get("in_tag", ""), favourites=bool(form.get("starred")))
    wanted = set(form.getlist("id"))
    return [each for each in index.people if each.id in wanted]


def _tagged(contact: Contact, tags: tuple[str, ...]) -> dict[str, Any] | None:
    known = {fold(tag) for tag in contact.tags}
    new = tuple(tag for tag in tags if fold(tag) not in known)
    return {"tags": (*contact.tags, *new)[:MOST_TAGS]} if new and len(contact.tags) < MOST_TAGS else None


def _untagged(contact: Contact, tags: tuple[str, ...]) -> dict[str, Any] | None:
    gone = {fold(tag) for tag in tags}
    kept = tuple(tag for tag in contact.tags if fold(tag) not in gone)
    return {"tags": kept} if kept != contact.tags else None


def _starred(contact: Contact, _: tuple[str, ...]) -> dict[str, Any] | None:
    return None if contact.favourite else {"favourite": True}


def _deleted(contact: Contact, _: tuple[str, ...]) -> dict[str, Any] | None:
    return None if contact.ended else {"deleted_at": parts().clock.now()}


_CHANGES: dict[str, tuple[Callable[[Contact, tuple[str, ...]], dict[str, Any] | None], Callable[..., str]]] = {
    "tag": (_tagged, texts.TAGGED),
    "untag": (_untagged, texts.UNTAGGED),
    "star": (_starred, texts.STARRED),
    "delete": (_deleted, texts.DELETED),
}


def _ask_to_merge(chosen: list[Contact]) -> Response:
    if len(chosen) < 2:
        return _nothing(texts.MERGE_TWO)
    if len(chosen) > MOST_MERGED:
        return _nothing(texts.MERGE_FEW.format(most=MOST_MERGED))
    return rendered("duplicates.html", merges=[_merge_of(chosen)], total=1, at=1, each=1, asked=True)


def _write_to(chosen: list[Contact]) -> Response:
    reachable = [contact for contact in chosen if contact.phones]
    if not reachable:
        return _nothing(texts.NO_NUMBER_THERE)
    if len(reachable) > several.MOST:
        return _nothing(texts.WRITE_FEW.format(most=several.MOST))
    return compose_to("; ".join(map(several.addressed, reachable)))


def _merge_of(people: Iterable[Contact]) -> dict[str, Any]:
    """What the page shows of a merge: who, and what would be left."""
    first, *others = in_order(list(people))
    content = merged(first, *others)
    numbers = {phone.number for phone in first.phones}
    shared = any(phone.number in numbers for each in others for phone in each.phones)
    return {"people": [first, *others], "result": first.evolve(**content), "same_number": shared}


def _nothing(sentence: str, tone: str = "bad") -> Response:
    tell(sentence, tone=tone)
    return _back()


def _back() -> Response:
    return see_other(own_path(request.form.get("back") or url_for("contacts.people")))
