"""A small hub for trying the pages: speaks the calls that the tablet and the console use, and keeps what it was told.

Run alone (`fake_hub.py PORT`) it serves the pages with a few alerts, so that one can try them by hand.
"""
import base64
import json
import pathlib
import queue
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Pages"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
          "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds + 9 * 3600)) + "+09:00"


def tablet_lists() -> bytes:
    """As Pages/TabletLists.swift makes them of Templates/screens."""
    lists = []
    folder, first = PAGES.parents[1] / "Templates" / "screens", ["ja", "ja-x-easy", "en"]
    for language in first + sorted({file.stem for file in folder.glob("*.json")} - set(first)):
        words = json.loads((folder / f"{language}.json").read_text())
        flat = {**words["shelter"], **words["tablet"], **{"kind." + kind: word for kind, word in words["kind"].items()}, "drill": words["drill"]["word"], "drillTitle": words["drill"]["title"]}
        flat |= {key: words["language"][key] for key in ("own", "names", "gap", "parts", "remarks", "date", "months")}
        flat |= {key: words["portal"][key] for key in ("level", "from", "issued", "until", "shelters", "asOf", "otherLanguage", "here", "notFit", "inPart", "notKnown")}
        flat |= {"hazard." + hazard: word for hazard, word in words["hazard"].items()}
        flat["nothingKnown"] = words["aged"]["nothingKnown"]
        lists.append({"language": language, "words": flat})
    return f'export const LISTS = {json.dumps(lists, ensure_ascii=False)};export const BUILD = "0123456789";'.encode()


def tablet_readings() -> bytes:
    """As Pages/TabletLists.swift makes them of Templates/readings.txt."""
    lines = [line.strip() for line in (PAGES.parents[1] / "Templates" / "readings.txt").read_text().splitlines()]
    table = "\n".join(line for line in lines if line and line != "#" and not line.startswith("# "))
    return f"export const TABLE = {json.dumps(table, ensure_ascii=False)};".encode()


WAYS = [{"name": name, "title": title, "role": role} for name, title, role in (
    ("area-mail", "緊急速報メール", "crowd"), ("wifi-portal", "Wi-Fiスポット", "page"), ("school-tablet", "学校タブレット", "tablet"),
    ("l-alert", "Lアラート", "press"), ("webhook", "外部システム", "machine"), ("program", "外部プログラム", "machine"))]


def hub_towns() -> list[dict]:
    return [{"code": "042056", "name": "さくら市", "roman_name": "Sakura City", "districts": ["本町", "川端", "山手"],
             "shelters": [{"id": "gym", "name": "市民体育館", "address": "本町1丁目"}],
             "endpoints": [{"id": "daiichi-sho", "channel": "school-tablet", "role": "tablet", "name": "第一小学校"}]}]


class FakeHub:
    def __init__(self, port: int = 0):
        self.events: list[tuple[int, str, dict]] = []
        self.followers: list[queue.Queue] = []
        self.row_followers: list[queue.Queue] = []
        self.receipts: dict[str, dict] = {}
        self.reports: dict[str, dict] = {}
        self.devices: dict[str, dict] = {}
        self.alerts: list[dict] = []
        self.last_words: list[dict] = []
        self.cancel_conflict = False
        # The record's database is away.
        self.is_local = False
        self.rows: list[dict] = []
        self.pushes: list[dict] = []
        # Cleared: an order is taken, and its answer waits until this is set.
        self.may_answer = threading.Event()
        self.may_answer.set()
        # Cleared: the town's plans are asked for, and come when this is set.
        self.may_tell_plans = threading.Event()
        self.may_tell_plans.set()
        # Cleared: one alert is asked for by itself, or a preview, and comes when this is set.
        self.may_find = threading.Event()
        self.may_find.set()
        self.may_preview = threading.Event()
        self.may_preview.set()
        # Cleared: the standing is asked for, and comes when this is set.
        self.may_tell_standing = threading.Event()
        self.may_tell_standing.set()
        self.keys: list[str | None] = []
        self.settled: list[tuple[str, dict]] = []
        self.cancels: list[str] = []
        self.towns = hub_towns()
        self.standing = {mode: {"town": "042056", "mode": mode, "version": 0, "districts": [], "shelters": [], "headquarters": None,
                                "notices": []} for mode in ("actual", "exercise")}
        self.changed_by = {"changed_by": "佐藤", "changed_at": stamp(time.time())}
        # What a colleague does just before the next order comes in.
        self.meanwhile = None
        self.texts: dict[str, list[dict]] = {}
        self.aloud: dict[str, list[dict]] = {}
        self.attention: list[dict] = []
        self.has_openid = False
        self.approvals: list[dict] = []
        self.settings = {
            "town": "042056", "etag": '"0"', "version": 0, "source": "file", "at_next_start": [], "changes": [], "tables": {"tsunami": [{"code": "220", "name": "宮城県"}]}, "document": {
                "code": "042056", "name": "気仙沼市", "roman_name": "Kesennuma City", "tsunami_areas": ["220"],
                "districts": ["本町", {"name": "階上地区", "roman_name": "Hashikami"}],
                "endpoints": [
                    {"channel": "wifi-portal", "id": "eki", "name": "駅前", "district": "本町", "actual": {}, "exercise": {}},
                    {"channel": "webhook", "id": "hook", "name": "隣の市", "exercise": {"url": "https://a.example", "secret": "********"}}]}}
        self.place = {"bound": False, "open": True}
        self.broken: dict[str, str] = {}
        self.plans: list[dict] = []
        self.drills: list[dict] = []
        # Notices written beforehand, and beside what they are held back.
        self.notices: list[dict] = []
        self.tests: list[dict] = []
        self.holding: list[dict] = []
        # Lines of the chronicle, the oldest first.
        self.chronicle: list[dict] = []
        # Of who signed in by name: for which place of the desk; None: as many as ask.
        self.bound: set[str] | None = None
        self.users: list[dict] = []
        self.program_tokens: list[dict] = []
        self.decisions: list[tuple[str, str, dict]] = []
        # Whether an order of this person waits for a second one, as the preview says it.
        self.waits: dict | None = None
        self.glass: list[str] = []
        # Whether a text of each preview has something to mend.
        self.has_problems = True
        self.shelters: list[dict] = []
        # Telephone calls, the newest first.
        self.calls: list[dict] = []
        self.map: dict = {"town": "042056", "outline": [], "districts": [], "shelters": [], "places": []}
        self.maps_asked = 0
        # What the log was asked by, as it came.
        self.log_questions: list[dict] = []
        # Quakes below the town's threshold.
        self.felt: list[dict] = []
        # Places that cannot be reached, and devices that will be silent soon.
        # What tablets are told of a roll-call, and what the desk is.
        self.roll: dict = {}
        self.rollcalls: list[dict] = []
        # Where the tablets stand, as the town's settings say it.
        self.site: dict = {"town": "042056", "site": "daiichi-sho", "name": "第一小学校", "district": "川端"}
        self.voices: dict = {"every_seconds": 180, "asked_at": stamp(time.time()), "asked": 40, "heard": 40, "lost": [], "nobody": [], "weak": []}
        # By which key devices are woken; None: they are not. And where they asked to be.
        self.wake_key: str | None = None
        self.wakes: list[dict] = []
        # What devices said of themselves.
        self.signs: list[dict] = []
        # Call-ups of the town's own people, by id, and who can be called.
        self.musters: dict[str, dict] = {}
        self.staff: list[dict] = []
        # Agreements between towns, as they are told.
        self.pacts: list[dict] = []
        # What was asked at the desk, and whether the page says that it asks by itself.
        self.desk_calls: list[tuple[str, bool]] = []
        # Photographs by their reports' ids, in base64.
        self.photos: dict[str, str] = {}
        # Every town, as a prefecture sees it.
        self.overview: list[dict] = []
        # Who else is at the desk.
        self.others: list[dict] = []
        # Acts about several shelters at once, as they came.
        self.batches: list[dict] = []
        self.lists: list[tuple[str, dict]] = []
        self.removals: list[tuple[str, bool]] = []
        self.if_match: list[str | None] = []
        self.invitations: list[dict] = []
        # Tablets without a code, and what became of the last: None while nobody has said, False where its time is over.
        self.asks: list[dict] = []
        self.let_in: bool | None = None
        self.revoked_for: str | None = None
        # Codes of paper, without the codes; proofs that a tablet is empty.
        self.batches: list[dict] = []
        self.erased: list[dict] = []
        # Of a place whose edge has a certificate of its town's own.
        self.trust: dict = {}
        self.last = 0
        self.numbers = 0
        self.forgotten = 0
        self.revoked = False
        """Whoever answers knows no device: another school's edge, a restored hub."""
        self.is_stranger = False
        """How far reports come: `kept` at an edge, `received` by the town, `read` by a person."""
        self.report_state = "received"
        """Positions that catch-ups began at; empty: from the beginning."""
        self.asked: list[str] = []
        # Seconds by which whoever answers here is behind the time.
        self.behind = 0
        # It says that it does not know the time: an edge that has not heard its hub since it started.
        self.guesses = False
        self.is_down = False
        # By which the town signs what it says; None: a hub of before.
        self.town_key = None
        self.revocation = None
        self.sealed = 0
        self.lock = threading.Lock()
        hub = self

        class Handler(HubHandler):
            pass

        Handler.hub = hub
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.address = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def score(delivered: int = 40) -> dict:
        return {"alerts": [{"id": "a", "title": "警戒レベル4 避難指示", "by": "operator:佐藤", "at": stamp(time.time()), "asked": 40, "delivered": delivered,
                            "first_ms": 12, "to_95_percent_ms": 2400}],
                "asked": 40, "delivered": delivered, "first_ms": 12, "to_95_percent_ms": 2400, "last_ms": 3100, "first_device_ms": 420,
                "reached": 30, "shown": 28, "touched": 9, "misses": 40 - delivered, "doubles": 0,
                "never": [{"channel": "webhook", "endpoint": "board", "name": "庁舎の表示板", "why": "つながりません (not reached)"}] if delivered < 40 else [],
                "silent": [{"channel": "school-tablet", "endpoint": "daiichi-sho", "name": "二号機", "why": "端末から一度も返事がありません (the device never said a word)"}]}

    def note_down(self, words: str, kind: str = "note", by: str = "佐藤", at: float | None = None, mode: str = "actual", **more) -> None:
        names = {"order": "避難情報", "bulletin": "発表", "approval": "承認", "call": "電話", "report": "避難所の報告", "note": "書きとめ", "desk": "操作卓", "shelter": "避難所",
                 "headquarters": "災害対策本部", "drill": "訓練", "notice": "お知らせ"}
        self.chronicle.append({"at": stamp(at or time.time()), "mode": mode, "kind": kind, "kind_name": names[kind], "by": by, "words": words, "place": f"p{len(self.chronicle)}", **more})

    def chronicle_page(self, asked: dict) -> dict:
        own = [one for one in self.chronicle if one["mode"] == asked["mode"]]
        own.sort(key=lambda one: one["at"], reverse=True)
        if "before" in asked:
            own = own[next(index for index, one in enumerate(own) if one["place"] == asked["before"]) + 1:]
        limit = int(asked.get("limit", 100))
        return {"entries": own[:limit], **({"next": own[limit - 1]["place"]} if len(own) > limit else {})}

    def notices_now(self) -> dict:
        held = [one for one in self.notices if one.get("held_since")]
        digests = [{"mode": mode, "title": f"お知らせのまとめ（{len(own)}件）", "body": "\n".join(f"・{one['title']}：{one['body']}" for one in own), "notices": [one["id"] for one in own]}
                   for mode in ("actual", "exercise") if (own := [one for one in held if one["mode"] == mode])]
        return {"notices": sorted(self.notices, key=lambda one: one["at"]), "holding": self.holding, "digests": digests, "tests": self.tests}

    def step_drill(self, drill: dict, word: str) -> dict:
        drill[{"begin": "begun", "end": "ended", "erase": "erased"}[word]] = {"by": "佐藤", "at": stamp(time.time())}
        drill["state"] = {"begin": "running", "end": "over", "erase": "erased"}[word]
        if word == "end":
            drill["score"] = self.score(39)
        return drill

    def plans_now(self) -> dict:
        """Two plans; the first takes the town hall for granted."""
        self.may_tell_plans.wait(30)
        if not self.plans:
            return {"town": "042056", "assumptions": [], "plans": []}
        holds = "hall" not in self.broken
        own = {"id": "hall", "name": "役場が使える", "holds": holds}
        if not holds:
            own |= {"broken_by": "佐藤", "broken_at": stamp(time.time()), "reason": self.broken["hall"]}
        first = {**self.plans[0], "holds": holds, "assumes": ["hall"], "broken": [] if holds else ["hall"]}
        return {"town": "042056", "assumptions": [own], "plans": [
            first if holds else {**first, "instead": self.plans[1]["id"]}, {**self.plans[1], "holds": True, "assumes": [], "broken": []}]}

    def answered(self, report: str) -> dict:
        """What a tablet hears of what the desk said to its report."""
        said = self.reports[report].get("answers", [])
        return {"read_at": said[0]["at"], "answer": {"at": said[-1]["at"], "text": said[-1]["text"]}} if said else {}

    def publish(self, name: str, **change) -> dict:
        """One event on the stream; `change` overrides the sample's keys."""
        now = time.time()
        data = {
            "id": "a1", "event": "e1", "kind": "evacuation", "message": name if name == "cancel" else "alert",
            "mode": "actual", "priority": "urgent", "delivery": change.get("id", "a1") + ".d", "town": "042056",
            "town_name": "さくら市", "town_roman_name": "Sakura City", "sender": "さくら市", "lifted": False,
            "revision": {"series": "operator", "serial": 1, "sent": stamp(now)}, "sent": stamp(now),
            "server_time": stamp(now), "expires_in": 3600, "shelters": [],
            "texts": {"ja": {"title": "見本", "body": "見本です。"}}, **change}
        if self.town_key:
            data = self.sealed_line(name, {"key": data["event"], "expires": stamp(now + 3600), **data})
        return self.put(name, data)

    def sealed_line(self, name: str, line: dict) -> dict:
        self.sealed = max(self.sealed + 1, int(time.time() * 1000))
        return self.town_key.seal(name, line, self.sealed)

    def state(self, in_force: dict, **change) -> dict:
        """What stands, as the town signs it: by the event's key the number of its last word."""
        now = time.time()
        return self.put("state", self.sealed_line("state", {
            "at": stamp(now), "valid_until": stamp(now + 900), "town": "042056", "site": "daiichi-sho", "in_force": in_force,
            "keys": [self.town_key.word(1, "042056", self.town_key)], **change}))

    def put(self, name: str, data: dict) -> dict:
        """An event as it is."""
        with self.lock:
            self.last += 1
            offset = self.last
            self.events.append((offset, name, data))
            for follower in self.followers:
                follower.put((offset, name, data))
        return data

    def forget(self) -> None:
        """The catch-up no longer reaches back to now."""
        with self.lock:
            self.events = []
            self.last += 1
            self.forgotten = self.last

    def row(self, **change) -> None:
        row = {"delivery": "a1.042056.area-mail.gw", "alert": "a1", "town": "042056", "channel": "area-mail", "endpoint": "gw",
               "state": "delivered", "reason": None, "priority": "urgent", "attempts": 1, "offered_at": stamp(time.time()),
               "settled_at": stamp(time.time()), "milliseconds": 41, "reference": "42",
               "reach": {"accepted": 1, "reached": 0, "shown": 0, "touched": 0}, "mode": "actual", "kind": "evacuation",
               "title": "避難指示", **change}
        with self.lock:
            self.numbers += 1
            row["number"] = self.numbers
            self.rows = [other for other in self.rows if other["delivery"] != row["delivery"]] + [row]
            for follower in self.row_followers:
                follower.put(row)

    def cut(self) -> None:
        """Nobody is answered any more, and who listens is hung up on."""
        self.is_down = True
        for follower in list(self.followers) + list(self.row_followers):
            follower.put(None)

    def mend(self) -> None:
        self.is_down = False

    def close(self) -> None:
        self.cut()
        self.server.shutdown()
        self.server.server_close()


class HubHandler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def answer(self, status: int, value=None, kind: str = "application/json"):
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status: int, detail: str):
        self.answer(status, {"title": "refused", "status": status, "detail": detail}, "application/problem+json")

    def is_known(self) -> bool:
        if self.hub.revoked:
            self.answer(401, {"type": "urn:noroshi:problem:device-revoked", "title": "Unauthorized", "status": 401, "device": "dev-1", **({"seal": self.hub.revocation} if self.hub.revocation else {}),
                              **({"why": self.hub.revoked_for} if self.hub.revoked_for else {})},
                        "application/problem+json")
            return False
        self.hub.desk_calls.append((self.path.partition("?")[0], "Noroshi-Unattended" in self.headers))
        if "__Host-noroshi=s-1" in self.headers.get("Cookie", ""):
            place, bound = self.headers.get("Noroshi-Place"), self.hub.bound
            if place and bound is not None and place not in (bound or {place}):
                self.answer(401, {"type": "urn:noroshi:problem:other-place", "status": 401, "detail": "本番の操作卓に入っています。訓練の操作卓には、あらためて入ってください (sign in there)"},
                            "application/problem+json")
                return False
            if place and bound is not None:
                bound.add(place)
            return True
        if self.hub.is_stranger or not self.headers.get("Authorization", "").startswith("Bearer "):
            self.problem(401, "unknown token")
            return False
        return True

    def do_GET(self):
        path, _, question = self.path.partition("?")
        if self.hub.is_down:
            self.close_connection = True
            return
        if not path.startswith("/v1/"):
            return self.page(path)
        if path == "/v1/sessions":
            return self.answer(200, {"openid": {"name": "庁内の認証ではじめる"}} if self.hub.has_openid else {})
        if not self.is_known():
            return
        if path == "/v1/stream":
            return self.stream()
        if path == "/v1/deliveries/stream":
            return self.row_stream()
        asked = dict(urllib.parse.parse_qsl(question))
        parts = path.split("/")
        if parts[2] == "alerts" and len(parts) == 5 and parts[4] == "texts":
            return self.answer(200, {"id": parts[3], "texts": self.hub.texts.get(parts[3], []), "aloud": self.hub.aloud.get(parts[3], [])})
        if parts[2] == "alerts" and len(parts) == 4:
            self.hub.may_find.wait(30)
            found = [alert for alert in self.hub.alerts if alert["id"] == parts[3]]
            return self.answer(200, found[0]) if found else self.problem(404, "ありません")
        if parts[2] == "approvals" and len(parts) == 4:
            known = next((act for act in self.hub.approvals if act["id"] == parts[3]), {})
            return self.answer(200, {"approval": {}, "changes": known.get("changes", []), "previews": self.texts_of("", "避難指示", "本町の方は避難してください。")})
        if parts[2] == "towns" and path.endswith("/standing"):
            self.hub.may_tell_standing.wait(30)
            return self.answer(200, self.hub.standing[asked["mode"]])
        answers = {
            "/v1/wake-ups": lambda: {"public_key": self.hub.wake_key, **({"endpoint": self.hub.wakes[-1]["endpoint"], "language": self.hub.wakes[-1]["language"]} if self.hub.wakes else {})} if self.hub.wake_key else {},
            "/v1/catch-up": self.catch_up, "/v1/alerts": lambda: {"alerts": self.alerts(asked), **({"last_words": self.hub.last_words} if asked.get("in_force") == "true" else {})},
            "/v1/roles": lambda: {"roles": [{"role": "duty", "name": "当直", "rights": {}}, {"role": "chief", "name": "防災課長", "rights": {}}]},
            "/v1/passkeys": lambda: {"passkeys": []},
            "/v1/users": lambda: {"users": self.hub.users}, "/v1/tokens": lambda: {"tokens": self.hub.program_tokens},
            "/v1/sessions/current": lambda: {"person": "佐藤", "roles": ["chief"]}, "/v1/towns/042056/safe-keys": lambda: {"left": 3},
            "/v1/towns/042056/open-desk": lambda: self.hub.place, "/v1/towns/042056/plans": lambda: self.hub.plans_now(),
            "/v1/towns/042056/settings": lambda: self.hub.settings,
            "/v1/drills": lambda: {"drills": self.hub.drills},
            **{f"/v1/drills/{drill['id']}": lambda drill=drill: {**drill, "score": drill.get("score") or self.hub.score()} for drill in self.hub.drills},
            "/v1/approvals": lambda: {"approvals": self.hub.approvals},
            "/v1/notices": self.hub.notices_now, "/v1/chronicle": lambda: self.hub.chronicle_page(asked),
            "/v1/attention": lambda: {"attention": self.hub.attention, "left_out": 0},
            "/v1/calls": lambda: {"calls": [one for one in self.hub.calls if one["mode"] == asked["mode"]], "next": None},
            "/v1/reports": lambda: self.reports(asked),
            **{f"/v1/reports/{key}": lambda key=key: {"id": key, "state": self.hub.report_state, **self.hub.answered(key)} for key in list(self.hub.reports)},
            "/v1/towns": lambda: {"towns": self.hub.towns, "channels": WAYS},
            "/v1/devices": lambda: {"devices": list(self.hub.devices.values())},
            "/v1/device-codes": lambda: {"batches": self.hub.batches},
            "/v1/deliveries": lambda: self.filtered(asked)}
        if parts[2] == "towns" and path.endswith("/here"):
            return self.answer(200, {"people": [{"name": "佐藤", "mode": asked["mode"], "since": stamp(time.time()), "you": True}] + self.hub.others})
        if parts[2] == "towns" and path.endswith("/felt"):
            return self.answer(200, {"felt": self.hub.felt if asked["mode"] == "actual" else []})
        if parts[2] == "towns" and path.endswith("/staff"):
            names = {one["role"]: one["role_name"] for one in self.hub.staff}
            return self.answer(200, {"ways": ["webhook"], "roles": [{"role": role, "name": name} for role, name in names.items()], "staff": self.hub.staff})
        if path == "/v1/overview":
            return self.answer(200, {"mode": asked["mode"], "towns": self.hub.overview, "left_out": 0})
        if path == "/v1/reports/photo":
            octets = base64.b64decode(self.hub.photos[asked["id"]])
            self.send_response(200)
            for name, value in (("Content-Type", "image/jpeg"), ("Content-Length", str(len(octets)))):
                self.send_header(name, value)
            self.end_headers()
            return self.wfile.write(octets)
        if path == "/v1/pacts":
            return self.answer(200, {"pacts": self.hub.pacts})
        if path == "/v1/musters":
            return self.answer(200, {"musters": [{**one, "facts": []} for one in reversed(self.hub.musters.values()) if one["mode"] == asked["mode"]]})
        if parts[2] == "musters":
            return self.answer(200, self.hub.musters[parts[3]])
        if path == "/v1/place":
            return self.answer(200, self.hub.site)
        if path == "/v1/rollcall":
            return self.answer(200, {"server_time": stamp(time.time()), **self.hub.roll})
        if parts[2] == "towns" and path.endswith("/rollcalls"):
            return self.answer(200, {"people": 0, "rollcalls": self.hub.rollcalls})
        if parts[2] == "towns" and path.endswith("/voices"):
            return self.answer(200, self.hub.voices)
        if parts[2] == "towns" and path.endswith("/map"):
            self.hub.maps_asked += 1
            return self.answer(200, self.hub.map)
        if parts[2] == "towns" and path.endswith("/shelters"):
            return self.answer(200, {"shelters": self.hub.shelters})
        if path == "/v1/chronicle" and asked.get("format") in ("csv", "jsonl"):
            return self.chronicle_file(asked)
        if path in answers:
            return self.answer(200, answers[path]())
        self.problem(404, "no such call")

    def chronicle_file(self, asked: dict):
        lines = self.hub.chronicle_page({**asked, "limit": "9999"})["entries"][::-1]
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines) if asked["format"] == "jsonl" else "".join(
            ",".join((one["at"], one["kind_name"], one["by"], one["words"])) + "\r\n" for one in lines)
        octets = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.send_header("Content-Disposition", f'attachment; filename="chronicle-042056-{asked["mode"]}.{asked["format"]}"')
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def alerts(self, asked: dict) -> list[dict]:
        newest = sorted(self.hub.alerts, key=lambda alert: alert["sent"], reverse=True)
        if asked.get("in_force") == "true":
            return [alert for index, alert in enumerate(newest) if alert.get("in_force", self.stands(alert, newest[:index]))]
        return newest[:int(asked.get("limit", 100))]

    @staticmethod
    def stands(alert: dict, later: list[dict]) -> bool:
        return alert["message"] != "cancel" and alert["expires"] > stamp(time.time()) and all(
            other["event"] != alert["event"] for other in later)

    def reports(self, asked: dict) -> dict:
        """As the hub has it: page by page, without what was set aside."""
        rows = [
            {"id": key, "site": value.get("site", "daiichi-sho"), "device": value.get("device", "dev-1"), "occurred_at": stamp(time.time()),
             "received_at": stamp(time.time()), "body": json.dumps({key: part for key, part in value.items() if key != "answers"}),
             **({"answers": value["answers"]} if value.get("answers") else {}),
             **({"aside_by": "佐藤", "aside_at": stamp(time.time())} if value.get("aside") else {})}
            for key, value in self.hub.reports.items() if "aside" in asked or not value.get("aside")]
        if "before" in asked:
            place = next(index for index, row in enumerate(rows) if row["id"] == asked["before"])
            rows = rows[place + 1:]
        limit = int(asked.get("limit", 500))
        return {"reports": rows[:limit], **({"next": rows[limit - 1]["id"]} if len(rows) > limit else {})}

    def filtered(self, wanted: dict) -> dict:
        rows = [row for row in self.hub.rows if row["number"] > int(wanted.get("after", 0))
                and all(not wanted.get(key) or row.get(key) == wanted[key] for key in ("alert", "channel", "state", "town", "mode", "endpoint", "by"))
                and wanted.get("since", "") <= row["offered_at"] and row["offered_at"] < wanted.get("until", "9")]
        self.hub.log_questions.append(wanted)
        if "tail" in wanted:
            return {"deliveries": rows[-int(wanted["tail"]):], "next": None}
        limit = int(wanted.get("limit", 100))
        return {"deliveries": rows[:limit], "next": rows[limit - 1]["number"] if len(rows) >= limit else None}

    def page(self, path: str):
        room, _, name = path.strip("/").partition("/")
        folder = PAGES / room.capitalize()
        file = folder / ("blackboard.html" if (room, name) == ("tablet", "board") else name or f"{room}.html")
        if (room, name) == ("tablet", "lists.js"):
            return self.answer(200, tablet_lists(), TYPES[".js"])
        if (room, name) == ("tablet", "readings.js"):
            return self.answer(200, tablet_readings(), TYPES[".js"])
        if room not in ("tablet", "console") or not file.is_file() or file.parent != folder:
            return self.problem(404, "no such page")
        self.answer(200, file.read_bytes(), TYPES[file.suffix])

    def catch_up(self) -> dict:
        question = self.path.partition("since=")[2]
        self.hub.asked.append(question)
        since = int(question.split("-")[-1] or 0) if question else 0
        with self.hub.lock:
            # Forgotten offsets: what is left follows, marked as a new beginning.
            has_gap = 0 < since < self.hub.forgotten
            return {"events": [{"id": f"1-{offset}", "event": name, "data": data}
                               for offset, name, data in self.hub.events if offset > (0 if has_gap else since)],
                    "position": f"1-{self.hub.last}", "resync": has_gap, "server_time": stamp(time.time() - self.hub.behind), **({"server_time_is_certain": False} if self.hub.guesses else {})}

    def start_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.close_connection = True

    def stream(self):
        since = int(self.headers.get("Last-Event-ID", "1-0").split("-")[-1])
        languages = dict(urllib.parse.parse_qsl(self.path.partition("?")[2])).get("language")
        follower: queue.Queue = queue.Queue()
        with self.hub.lock:
            has_gap = 0 < since < self.hub.forgotten
            missed = [event for event in self.hub.events if has_gap or event[0] > since]
            position = self.hub.last
            self.hub.followers.append(follower)
        try:
            self.start_stream()
            self.wfile.write(b"retry: 300\n\n")
            if has_gap:
                self.wfile.write(b'event: resync\ndata: {"reason":"gap"}\n\n')
            for event in missed:
                self.write_event(*event, languages)
            self.wfile.write(f"id: 1-{position}\n\n".encode())
            while not self.hub.revoked and not self.hub.is_stranger:
                try:
                    event = follower.get(timeout=1)
                except queue.Empty:
                    self.wfile.write(b":\n\n")
                    continue
                if event is None:
                    return
                self.write_event(*event, languages)
        finally:
            self.hub.followers.remove(follower)

    def write_event(self, offset: int, name: str, data: dict, languages: str | None):
        if languages and "texts" in data:
            known = {tag: text for tag, text in data["texts"].items() if tag in languages.split(",")}
            data = data | {"texts": known or {"ja": data["texts"]["ja"]}}
        text = f"id: 1-{offset}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
        # In two pieces, the cut inside a character: a reader must put them together.
        raw = text.encode()
        self.wfile.write(raw[:len(raw) // 2 + 1])
        self.wfile.flush()
        self.wfile.write(raw[len(raw) // 2 + 1:])

    def row_stream(self):
        follower: queue.Queue = queue.Queue()
        self.hub.row_followers.append(follower)
        try:
            self.start_stream()
            self.wfile.write(b":\n\n")
            while True:
                try:
                    row = follower.get(timeout=1)
                    if row is None:
                        return
                    self.wfile.write(f"event: delivery\ndata: {json.dumps(row)}\n\n".encode())
                except queue.Empty:
                    self.wfile.write(b":\n\n")
        finally:
            self.hub.row_followers.remove(follower)

    def list_of_shelters(self, text: str, asked: dict):
        """Knows 名称; anything else must be named by hand as 施設名称. USER_ columns are strange to it."""
        self.hub.lists.append((text, asked))
        heads, *rows = [line.split(",") for line in text.split()]
        by_hand = dict(item.lstrip("#").split("=") for item in asked.get("map", []))
        columns, names = [], None
        for number, head in enumerate(heads, 1):
            use = by_hand.get(str(number)) or {"名称": "施設名称", "住所": "住所"}.get(head)
            names = number - 1 if use == "施設名称" else names
            columns.append({"column": number, "header": head, **({"verdict": "used", "used_as": use} if use else {
                "verdict": "doubtful" if "浸水" in head else "ignored", "remark": "手で決められます"})})
        is_trial = asked.get("dry_run") == ["true"]
        added = [cells[names] for cells in rows] if names is not None else []
        if not is_trial:
            self.hub.shelters += [{"id": name, "name": name, "lists": asked.get("list", ["list"]), "fitness": {"洪水": "fit", "津波": "unfit"}} for name in added]
        return self.answer(200, {
            "town": "042056", "list": asked.get("list", ["list"])[0], "layout": "other", "encoding": "UTF-8", "dry_run": is_trial, "added": added,
            "changed": [], "removed": [], "kept_open": [], "of_settings": [], "other_lists": [], "unchanged": 0, "elsewhere": 1, "refused_rows": 0,
            "elsewhere_towns": [{"town": "042030", "name": "宮城県塩竈市", "rows": 1}], "columns": columns, "remarks_left_out": 0,
            "remarks": [{"line": 2, "kind": "mended", "text": "IDがないので作った"}]})

    def muster(self, parts: list[str], body: dict):
        """Begun, answered, ended: as the hub does it, without its clock."""
        if len(parts) == 3:
            if not body["words"].strip():
                return self.answer(422, {"title": "refused", "status": 422, "detail": "直すところがあります", "errors": [{"field": "words", "detail": "何のために、どこへ集まるのかを書いてください (why and where)"}]}, "application/problem+json")
            people, now = {}, stamp(time.time())
            for step, role in enumerate(body["roles"], 1):
                for one in self.hub.staff:
                    if one["role"] == role and one["name"] not in people:
                        calls = [{"round": 1, "way": "webhook", "at": now}] if step == 1 and one["webhook"] else []
                        people[one["name"]] = {**one, "step": step, "calls": calls}
            self.hub.musters[body["id"]] = {
                **body, "by": "佐藤", "begun_at": now, "round": 1, "taken": 0, "next_at": stamp(time.time() + body["pause_seconds"]), "people": list(people.values()),
                "facts": [{"at": now, "by": "佐藤", "words": {"step": "begun", "roles": "当直", "people": "、".join(people)}},
                          {"at": now, "by": "hub", "words": {"step": "round", "round": "1"}}]}
            return self.answer(201, self.hub.musters[body["id"]])
        one, now = self.hub.musters[parts[3]], stamp(time.time())
        if parts[4] == "end":
            one["end"] = {"outcome": "stopped", "at": now, "by": "佐藤"}
        else:
            person = next(person for person in one["people"] if person["name"] == body["person"])
            person["said"] = {"answer": body["answer"], "at": now, "by": "佐藤"}
            one["taken"] = sum(person.get("said", {}).get("answer") == "taken" for person in one["people"])
            one["facts"].append({"at": now, "by": "佐藤", "words": {"step": "said", "person": body["person"], "answer": body["answer"]}})
            if one["taken"] >= one["needed"]:
                one["end"] = {"outcome": "taken", "at": now}
        return self.answer(200, one)

    def pact(self, parts: list[str], body: dict):
        """A proposal, or a step: what becomes of it the test says beforehand (`after`)."""
        self.hub.decisions.append(("POST", "/".join(parts), body))
        if len(parts) == 3:
            if len(body["giver"] + body["helper"]) != 12:
                return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "helper", "detail": "6桁の市町村コードです (a six-digit code)"}]}, "application/problem+json")
            return self.answer(201, {})
        one = next(pact for pact in self.hub.pacts if pact["id"] == parts[3])
        one.update(one.pop("after", {}))
        return self.answer(200, one)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        hub = self.hub
        path, _, question = self.path.partition("?")
        octets = self.rfile.read(length)
        if path.endswith("/shelters/import"):
            return self.list_of_shelters(octets.decode(), urllib.parse.parse_qs(question))
        body, parts = json.loads(octets or b"{}"), path.split("/")
        if hub.is_down:
            self.close_connection = True
            return
        if path == "/v1/sessions":
            return self.sign_in(body)
        if path == "/v1/devices/erased":
            hub.erased.append(body)
            return self.answer(204, None)
        if path == "/v1/device-asks":
            hub.asks.append(body)
            return self.answer(201, {"code": "BCD-FGH", "secret": "s-1", "expires_in": 600, "interval": 0.1})
        if path == "/v1/device-asks/answer":
            if hub.let_in is None:
                return self.answer(200, {"state": "waiting"})
            if not hub.let_in:
                return self.problem(404, "番号の時間（10分）が過ぎました")
            body = {"code": "BCDFGHJK", **hub.asks[-1]}
            path = "/v1/devices"
        if path == "/v1/devices":
            if body.get("code") != "BCDFGHJK":
                return self.problem(404, "コードが違うか、使われています")
            hub.devices["dev-1"] = {"id": "dev-1", "name": body.get("name"), "town": "042056", "site": "daiichi-sho",
                                    "revoked_at": None, "last_seen": stamp(time.time()), "enrolled_at": stamp(time.time()),
                                    "public_key": body.get("public_key")}
            return self.answer(201, {"device_id": "dev-1", "token": "t-1", "town": "042056", "town_name": "さくら市", "site_name": "第一小学校",
                                     **({"town_key": hub.town_key.text} if hub.town_key else {})})
        if not self.is_known():
            return
        if path == "/v1/receipts":
            if any(len(receipt["id"].encode()) > 100 or receipt["alert"] == "refused" for receipt in body["receipts"]):
                return self.problem(400, "a receipt is wrong")
            for receipt in body["receipts"]:
                hub.receipts[receipt["id"]] = receipt
            return self.answer(202, {"accepted": [receipt["id"] for receipt in body["receipts"]]})
        if parts[2] == "musters":
            return self.muster(parts, body)
        if path == "/v1/wake-ups":
            hub.wakes.append(body)
            return self.answer(204)
        if path == "/v1/signs":
            hub.signs += body["signs"]
            return self.answer(202, {"accepted": [], "server_time": stamp(time.time())})
        if path.startswith("/v1/devices/") and path.endswith(("/lend", "/return")):
            device = hub.devices[path.split("/")[3]]
            device.pop("lent_to", None)
            if path.endswith("/lend"):
                device |= {"lent_to": body["to"], "lent_until": body.get("until"), "overdue": False}
            return self.answer(200, device)
        if path == "/v1/calls":
            return self.note_call(body)
        if path.endswith("/shelters/states"):
            return self.set_shelters(body, "preview=true" in question)
        if path == "/v1/reports/aside":
            for key, value in self.hub.reports.items():
                if key in body.get("ids", []) or body.get("device") == value.get("device", "dev-1"):
                    value["aside"] = body.get("aside", True)
            return self.answer(204)
        if path == "/v1/reports/answer":
            hub.reports[body["id"]].setdefault("answers", []).append({"at": stamp(time.time()), "by": "佐藤", "text": body["text"]})
            hub.report_state = "read"
            return self.answer(204)
        if path == "/v1/reports/read":
            hub.report_state = "read"
            return self.answer(204)
        if path == "/v1/reports":
            hub.reports[body["id"]] = body
            return self.answer(202, {"accepted": [body["id"]], "state": self.hub.report_state})
        if path == "/v1/alerts":
            hub.glass += urllib.parse.parse_qs(question).get("break_glass", [])
            return self.push(body, "preview=true" in question, "break_glass" in question)
        if path == "/v1/users":
            if not body["roles"]:
                return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "roles", "detail": "役割（roles）を一つ以上書いてください (roles: none)"}]},
                                   "application/problem+json")
            hub.users.append({"name": body["name"], "roles": [{"role": role, "name": role, "towns": body["towns"]} for role in body["roles"]],
                              "disabled": False, "code": body["code"]})
            return self.answer(201, {**hub.users[-1], "password": "abcde-fghjk"})
        if path == "/v1/tokens":
            hub.program_tokens.append({"id": "T1", "name": body["name"], "scopes": body["scopes"], "expires": stamp(time.time() + 9e6)})
            return self.answer(201, {**hub.program_tokens[-1], "token": "secret-token"})
        if path.endswith("/link-test"):
            ends = self.hub.settings["document"]["endpoints"]
            return self.answer(200, {"town": "042056", "answers": [
                {"channel": end["channel"], "endpoint": end["id"], "name": end["name"], "modes": ["exercise"], "reached": end["channel"] != "webhook",
                 "words": "つながりません: 接続を断られました (not reached)" if end["channel"] == "webhook" else "このハブの中なので、確かめる線はありません (inside this hub)"}
                for end in ends]})
        if path.endswith("/safe-keys"):
            return self.answer(201, {"keys": [f"aaaaa-bbbbb-ccccc-{number:05}" for number in range(10)]})
        if path.endswith("/hand-over"):
            hub.decisions.append(("POST", urllib.parse.unquote(path), body))
            return self.answer(200, {})
        if path == "/v1/chronicle":
            if not body["words"]:
                return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "words", "detail": "書きとめることを、500文字までの1行で書いてください (1 to 500 letters on one line)"}]},
                                   "application/problem+json")
            hub.note_down(body["words"], mode=body["mode"])
            return self.answer(201, {"id": body["id"]})
        if parts[2] == "pacts":
            return self.pact(parts, body)
        if path.startswith("/v1/notices/") and path.endswith("/approve"):
            one = next(notice for notice in hub.notices if notice["id"] == path.split("/")[3])
            one.pop("needs_approval")
            one.update(approved_by="佐藤", approved_at=stamp(time.time()))
            return self.answer(200, one)
        if path == "/v1/notices":
            if body["at"] < stamp(time.time()):
                return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "at", "detail": "これからの時刻を書いてください (a time to come)"}]}, "application/problem+json")
            hub.notices.append({"id": f"S-{len(hub.notices) + 1}", "by": "佐藤", **body})
            return self.answer(201, hub.notices[-1])
        if path == "/v1/drills":
            hub.drills.insert(0, {"id": f"D-{len(hub.drills) + 1}", "town": "042056", "state": "planned", "planned": {"by": "佐藤", "at": stamp(time.time())}, **body})
            return self.answer(201, hub.drills[0])
        if path.startswith("/v1/drills/"):
            hub.decisions.append(("POST", path, body))
            return self.answer(200, hub.step_drill(next(one for one in hub.drills if one["id"] == path.split("/")[3]), path.split("/")[4]))
        if path.startswith("/v1/approvals/"):
            if all(act["id"] != path.split("/")[3] for act in hub.approvals):
                return self.problem(409, "もう決まっています（鈴木さん） (decided already, by 鈴木)")
            hub.decisions.append(("POST", path, body))
            hub.approvals = [act for act in hub.approvals if act["id"] != path.split("/")[3]]
            return self.answer(202, {})
        if path.startswith("/v1/deliveries/held/"):
            hub.settled.append((path.split("/")[-1], body))
            return self.answer(200, {"released": 1})
        if path == "/v1/device-codes":
            hub.batches.append({"id": "b-1", "town": "042056", "site": body["site"], "issued_at": stamp(time.time()), "issued_by": "佐藤", "expires_at": stamp(time.time() + 86400 * 90),
                                "count": body["count"], "used": 0})
            codes = [{"code": f"BCDF-GHJK-LMNP-QR{letter}{letter}", "url": "", "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h4v4H0z"/></svg>'} for letter in "BCDFG"[:body["count"]]]
            return self.answer(201, {"batch": hub.batches[-1], "codes": codes, "site_name": "第一小学校", "town_key": "-"})
        if path.startswith("/v1/devices/") and path.endswith("/retire"):
            hub.devices[parts[3]]["retired_at"] = stamp(time.time())
            return self.answer(204, None)
        if path.startswith("/v1/device-asks/"):
            if body["code"].upper().replace("-", "") != "BCDFGH":
                return self.problem(404, "この番号を出している端末はありません (no tablet shows this code now)")
            hub.decisions.append(("POST", path, body))
            return self.answer(200, {"code": "BCD-FGH", "name": "体育館1号", "address": "192.0.2.9", "asked_at": stamp(time.time()), "expires_at": stamp(time.time() + 600), "has_key": True})
        if path == "/v1/devices/invitations":
            hub.invitations.append(body)
            svg = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 3"><path d="M0 0h1v1h-1zM2 2h1v1h-1z"/></svg>')
            return self.answer(201, {"code": "BCDFGHJK", "url": hub.address + "/tablet/#BCDFGHJK",
                                     "expires_at": stamp(time.time() + 900), "qr_svg": svg, **hub.trust, **({"trust_qr_svg": svg} if hub.trust else {})})
        if path.startswith("/v1/alerts/") and path.endswith("/cancel"):
            hub.if_match.append(self.headers.get("If-Match"))
            if "preview=true" in question:
                mark = "".join("【訓練】" for alert in hub.alerts if alert["id"] == path.split("/")[3] and alert["mode"] == "exercise")
                return self.answer(200, {
                    "previews": self.texts_of(mark, "取消のお知らせ", "避難指示を取り消します。"), "change": "taken-back",
                    "changes": [{"kind": "evacuation", "district": "本町", "hazard": "洪水", "before": 4, "before_name": "避難指示", "after": None}],
                    "take_back": []})
            if hub.cancel_conflict:
                return self.answer(409, {"title": "状態が変わっています", "status": 409, "standing": hub.standing["actual"], **hub.changed_by, "detail": "変わりました (changed)"}, "application/problem+json")
            hub.cancels.append(path.split("/")[3])
            return self.answer(202, {"id": "c1"})
        self.problem(404, "no such call")

    def set_shelters(self, body: dict, is_preview: bool):
        """As the hub has it: what is not to be used in what is in force is refused by its name, what is so already is left."""
        standing = self.hub.standing[body["mode"]]
        if not body.get("state"):
            return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "state", "detail": "状態を、開設・満員・閉鎖から選んでください (open, full or closed)"}]},
                               "application/problem+json")
        if body.get("based_on", standing["version"]) != standing["version"]:
            return self.answer(409, {"title": "状態が変わっています", "status": 409, "standing": standing, **self.hub.changed_by, "detail": "変わりました (changed)"}, "application/problem+json")
        names = {one["id"]: one for one in self.hub.towns[0]["shelters"]}
        hazards, now = {item["hazard"] for item in standing["districts"]}, {one["id"]: one["state"] for one in standing["shelters"]}
        ready, refused, unchanged = [], [], []
        for key in body["shelters"]:
            name, fitness = names[key]["name"], names[key].get("fitness", {})
            bad = [hazard for hazard in hazards if body["state"] == "open" and fitness.get(hazard) == "unfit"]
            if bad:
                refused.append({"shelter": key, "name": name, "reason": f"{bad[0]}のときは使えません (not fit)"})
            elif now.get(key) == body["state"]:
                unchanged.append({"shelter": key, "name": name, "reason": "もう同じ状態です (it is so already)"})
            else:
                ready.append(key)
        if is_preview:
            mark = "【訓練】" if body["mode"] == "exercise" else ""
            return self.answer(200, {
                "version": standing["version"], "refused": refused, "unchanged": unchanged, "doubtful": [],
                "previews": self.texts_of(mark, "避難所開設", f"{names[ready[0]]['name']}を開きました。") if ready else [],
                "changes": [{"kind": "shelter", "id": key, "before": now.get(key), "after": body["state"]} for key in ready],
                "warnings": [f"{one['name']}は出しません：{one['reason']}" for one in refused] + [f"{one['name']}は変わりません：{one['reason']}" for one in unchanged]})
        self.hub.batches.append(body)
        self.hub.keys.append(self.headers.get("Idempotency-Key"))
        standing["shelters"] += [{"id": key, "name": names[key]["name"], "state": body["state"], "since": stamp(time.time()), "alert": "op-" + key} for key in ready]
        standing["version"] += len(ready)
        return self.answer(202, {"town": "042056", "mode": body["mode"], "state": body["state"], "refused": refused, "unchanged": unchanged,
                                 "sent": [{"shelter": key, "name": names[key]["name"], "id": "op-" + key} for key in ready]})

    def note_call(self, body: dict):
        if body["answer"] == "other" and not body.get("words"):
            return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "words", "detail": "聞いたことを書いてください (say what was answered)"}]},
                               "application/problem+json")
        kept = {**body, "name": body["endpoint"], "at": stamp(time.time()), "by": "佐藤", "phone": None}
        self.hub.calls = [kept] + [one for one in self.hub.calls if one["id"] != body["id"]]
        return self.answer(201, kept)

    def sign_in(self, body: dict):
        """佐藤's password is `secret`, with the digits 123456; the key from the safe is `key`."""
        if body.get("safe_key") != "key":
            if (body.get("name"), body.get("password")) != ("佐藤", "secret"):
                return self.problem(401, "名前、パスワード、確認コードのどれかが違います (wrong name, password or code)")
            if body.get("code") != "123456":
                return self.answer(401, {"type": "urn:noroshi:problem:code-needed", "status": 401, "detail": "確認コード（6桁）も入れてください"},
                                   "application/problem+json")
        if self.hub.bound is not None and self.headers.get("Noroshi-Place"):
            self.hub.bound.add(self.headers["Noroshi-Place"])
        octets = json.dumps({"person": body["name"], "roles": ["duty"], "towns": ["042056"], "since": stamp(0), "ends_at": stamp(0),
                             "change_password": True}).encode()
        self.send_response(201)
        self.send_header("Set-Cookie", "__Host-noroshi=s-1; Path=/; Secure; HttpOnly; SameSite=Strict")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def do_PATCH(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self.hub.decisions.append(("PATCH", urllib.parse.unquote(self.path), body))
        if self.path.startswith("/v1/devices/"):
            self.hub.devices[self.path.split("/")[3]].update(body)
        self.answer(200, {"name": "鈴木", "password": "new-secret"})

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self.hub.decisions.append(("PUT", self.path, body))
        if "/assumptions/" in self.path:
            self.hub.broken = {} if body["holds"] else {"hall": body["reason"]}
            return self.answer(200, self.hub.plans_now())
        if urllib.parse.urlsplit(self.path).path.endswith("/settings"):
            return self.change_settings(body, "dry_run=true" in self.path)
        if self.path.endswith("/open-desk"):
            self.hub.place = {"bound": True, "open": True, "by": "佐藤", "until": stamp(time.time() + 86400), "reason": body["reason"]}
            return self.answer(200, self.hub.place)
        self.answer(204)

    def change_settings(self, body: dict, is_trial: bool):
        held = self.hub.settings
        if self.headers.get("If-Match") != held["etag"]:
            return self.problem(409, "見ていたあとで設定が変わりました。山田さんが変えています。読み直してから、もう一度 (changed since you saw it)")
        if any(end.get("exercise", {}).get("url", "https").startswith("http:") for end in body["document"]["endpoints"]):
            return self.answer(422, {"status": 422, "detail": "だめです", "errors": [{"field": "document", "detail": "町042056、webhook/hook: url: https にしてください (https only)"}]},
                               "application/problem+json")
        what = [f"{word} を変更" for word in ("districts", "endpoints") if body["document"].get(word) != held["document"].get(word)]
        if not is_trial:
            self.hub.settings = {
                **held, "document": body["document"], "version": held["version"] + 1, "etag": f'"{held["version"] + 1}"', "source": "record",
                "changes": [{"version": held["version"] + 1, "at": stamp(time.time()), "by": "佐藤", "reason": body["reason"], "what": what, "digest": "0"}] + held["changes"]}
        return self.answer(200, {"town": "042056", "dry_run": is_trial, "version": self.hub.settings["version"], "what": what, "at_next_start": []})

    def refusals(self, body: dict) -> list[dict]:
        """The first of what the hub itself asks."""
        words = {"mode": "本番か訓練かを選んでください (actual or exercise; it has no default)"}
        if body["kind"] == "evacuation":
            words["hazard"] = "災害の種類を選んでください (one of these)"
            if not body.get("lifted"):
                words |= {"level": "警戒レベルを選んでください (3, 4 or 5)", "districts": "地区を一つ以上選んでください (name at least one)"}
        return [{"field": field, "detail": detail} for field, detail in words.items() if not body.get(field)]

    @staticmethod
    def texts_of(mark: str, title: str, text: str) -> list[dict]:
        return [{"channel": channel, "verdict": "send", "endpoints": ["e1"], "language": "ja", "title": mark + title, "body": mark + text,
                 "problems": []} for channel in ("wifi-portal", "school-tablet")]

    def push(self, body: dict, is_preview: bool, is_glass: bool = False):
        if is_preview:
            self.hub.may_preview.wait(30)
        errors = self.refusals(body)
        if errors:
            return self.answer(422, {"title": "直すところがあります", "status": 422, "detail": "だめです", "errors": errors},
                               "application/problem+json")
        if not is_preview and self.hub.meanwhile:
            self.hub.meanwhile()
            self.hub.meanwhile = None
        standing = self.hub.standing[body["mode"]]
        if body.get("based_on", standing["version"]) != standing["version"]:
            return self.answer(409, {
                "title": "状態が変わっています", "status": 409, "standing": standing, **self.hub.changed_by,
                "detail": "11月28日16時41分に佐藤さんが状況を変えました（洪水の避難情報の引き上げ） (changed by 佐藤: look again)"}, "application/problem+json")
        waits = self.hub.waits if body["mode"] == "actual" else None
        if is_preview:
            return self.answer(200, {**self.preview(body, standing), **({"approval": waits} if waits else {})})
        self.hub.pushes.append(body)
        self.hub.keys.append(self.headers.get("Idempotency-Key"))
        number = len(self.hub.pushes)
        self.hub.may_answer.wait(30)
        more = {"approval": {**waits, "id": "A-1", "deadline": stamp(time.time() + 120)}} if waits and not is_glass else {}
        self.answer(202, {"id": f"op-{number}", **more, **({"recorded_here_only": True} if self.hub.is_local else {})})

    def preview(self, body: dict, standing: dict) -> dict:
        mark = "【訓練】" if body.get("mode") != "actual" else ""
        names = {3: "高齢者等避難", 4: "避難指示", 5: "緊急安全確保", None: None}
        now = {(item["hazard"], item["district"]): item["level"] for item in standing["districts"]}
        touched = body.get("districts") or [item["district"] for item in standing["districts"] if item["hazard"] == body.get("hazard")]
        after = None if body.get("lifted") else body.get("level")
        steps = [{"kind": "evacuation", "district": district, "hazard": body["hazard"], "before": now.get((body["hazard"], district)),
                  "before_name": names[now.get((body["hazard"], district))], "after": after, "after_name": names[after]}
                 for district in touched] if body["kind"] == "evacuation" else []
        return {"change": "part-lifted" if body.get("lifted") else "new", "changes": steps, "version": standing["version"],
                "take_back": self.texts_of(mark, "取消のお知らせ", "避難指示を取り消します。"),
                **({"sounded": [{"district": district, "day": 2, "week": 5} for district in touched]} if after else {}), "previews": [
                    {"channel": "area-mail", "language": "ja", "title": mark + "避難指示", "body": mark + "さくら市です。避難してください。",
                     "problems": [{"rule": "too-long", "text": "13文字長すぎます"}] if self.hub.has_problems else []},
                    {"channel": "wifi-portal", "language": "ja", "title": mark + "避難指示", "body": "避難してください。", "problems": []},
                    {"channel": "wifi-portal", "language": "en", "title": "Evacuate", "body": "Leave now.", "problems": []}]}

    def do_DELETE(self):
        if self.path == "/v1/wake-ups":
            self.hub.wakes = []
            return self.answer(204)
        if self.path.endswith("/open-desk"):
            self.hub.place = {"bound": True, "open": False}
            return self.answer(200, self.hub.place)
        if self.path.startswith("/v1/tokens/"):
            self.hub.program_tokens = []
            return self.answer(204)
        if self.path.startswith("/v1/sessions/"):
            self.hub.decisions.append(("DELETE", self.path, {}))
            self.send_response(204)
            self.send_header("Set-Cookie", "__Host-noroshi=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
            self.end_headers()
            return
        path, _, question = self.path.partition("?")
        if path.startswith("/v1/notices/"):
            self.hub.notices = [one for one in self.hub.notices if one["id"] != path.split("/")[-1]]
            return self.answer(204)
        if "/shelters/lists/" in path:
            return self.remove_list(urllib.parse.unquote(path.split("/")[-1]), question == "dry_run=true")
        if self.is_known():
            self.hub.devices.pop(self.path.split("/")[-1], None)
            self.answer(204)

    def remove_list(self, name: str, is_trial: bool) -> None:
        """What is open stays."""
        held = [one for one in self.hub.shelters if name in one.get("lists", [])]
        if not held:
            return self.problem(404, "この名前の名簿はありません (no list of this name)")
        gone = [one["id"] for one in held if one.get("state") != "open"]
        self.hub.removals.append((name, is_trial))
        if not is_trial:
            self.hub.shelters = [one for one in self.hub.shelters if one["id"] not in gone or one.get("lists") != [name]]
        self.answer(200, {"town": "042056", "list": name, "dry_run": is_trial, "removed": gone, "kept_open": [one["id"] for one in held if one["id"] not in gone]})


if __name__ == "__main__":
    fake = FakeHub(int(sys.argv[1]) if len(sys.argv) > 1 else 8481)
    fake.publish("alert", level=4, texts={"ja": {"title": "警戒レベル4 避難指示", "body": "本町地区の方は、全員避難してください。"}})
    fake.row()
    print(fake.address + "/tablet/  code BCDFGHJK")
    threading.Event().wait()
