#!/usr/bin/env python3
"""A second reader of CAP, written apart from the first from the OASIS standard, with Python's library only.

Prints one JSON object a line for each file named: what the alert says, or {"refused": reason}.
A test compares the two readers over real alerts: where they differ, one of them is wrong.
"""
import datetime
import json
import re
import sys
import xml.etree.ElementTree as tree

SPACES = {
    "http://www.incident.com/cap/1.0": "1.0",
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"

# The order of children as regular expressions over their names, each name followed by a blank.
ALERT = {
    "1.0": "identifier sender sent status msgType (password )?(source )?(scope )?",
    "1.1": "identifier sender sent status msgType (source )?scope ",
    "1.2": "identifier sender sent status msgType (source )?scope ",
}
ALERT_REST = "(restriction )?(addresses )?(code )*(note )?(references )?(incidents )?(info )*(# )*"
INFO = {
    "1.0": "(language )?(category )*event urgency severity certainty ",
    "1.1": "(language )?(category )+event (responseType )*urgency severity certainty ",
    "1.2": "(language )?(category )+event (responseType )*urgency severity certainty ",
}
INFO_REST = ("(audience )?(eventCode )*(effective )?(onset )?(expires )?(senderName )?(headline )?(description )?"
             "(instruction )?(web )?(contact )?(parameter )*(resource )*(area )*")
AREA = "areaDesc (polygon )*(circle )*(geocode )*(altitude )?(ceiling )?"
RESOURCE = {
    "1.0": "resourceDesc (mimeType )?(size )?(uri )?(digest )?",
    "1.1": "resourceDesc (mimeType )?(size )?(uri )?(derefUri )?(digest )?",
    "1.2": "resourceDesc mimeType (size )?(uri )?(derefUri )?(digest )?",
}
WORDS = {
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
}


def words(name, version):
    if name == "status":
        return "Actual Exercise System Test" + ("" if version == "1.0" else " Draft")
    if name == "category":
        return "Geo Met Safety Security Rescue Fire Health Env Transport Infra Other" + ("" if version == "1.0" else " CBRNE")
    if name == "responseType":
        return "Shelter Evacuate Prepare Execute Monitor Assess None" + (" Avoid AllClear" if version == "1.2" else "")
    if name == "certainty":
        return ("Very_Likely" if version == "1.0" else "Observed") + " Likely Possible Unlikely Unknown"
    return WORDS[name]


class Refused(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Refused(reason)


class Reader:
    def __init__(self, root):
        self.root = root
        space = root.tag[1:].split("}")[0] if root.tag.startswith("{") else ""
        need(space in SPACES and root.tag.endswith("}alert"), "not CAP")
        self.version = SPACES[space]
        self.prefix = "{" + space + "}"

    def names(self, element):
        result = ""
        for child in element:
            if child.tag.startswith(self.prefix):
                result += child.tag[len(self.prefix):] + " "
            elif child.tag.startswith(SIGNATURE):
                result += "# "
            else:
                raise Refused("foreign " + child.tag)
        return result

    def all(self, element, name):
        return element.findall(self.prefix + name)

    def text(self, element, name):
        """The text, or None where the element is missing or says nothing."""
        found = element.find(self.prefix + name)
        text = "" if found is None else "".join(found.itertext())
        return text if text.strip() else None

    def moment(self, element, name):
        if element.find(self.prefix + name) is None:
            return None
        text = (self.text(element, name) or "").strip(" \t\r\n")
        # Z and a fraction are against CAP 1.1 and 1.2, and certain in meaning.
        pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
        need(re.fullmatch(pattern, text), f"{name}: {text}")
        return text

    def form(self):
        root = self.root
        need(re.fullmatch(ALERT[self.version] + ALERT_REST, self.names(root)), "order of alert")
        self.plain(root)
        for info in self.all(root, "info"):
            need(re.fullmatch(INFO[self.version] + INFO_REST, self.names(info)), "order of info")
            self.plain(info)
            for area in self.all(info, "area"):
                need(re.fullmatch(AREA, self.names(area)), "order of area")
                self.plain(area)
            for resource in self.all(info, "resource"):
                need(re.fullmatch(RESOURCE[self.version], self.names(resource)), "order of resource")

    def plain(self, element):
        need(not (element.text or "").strip(), "loose text")
        for child in element:
            need(not (child.tail or "").strip(), "loose text")
            name = child.tag.split("}")[1]
            if name in ("status", "category", "responseType", "certainty") or name in WORDS:
                need((child.text or "").replace(" ", "_") in words(name, self.version).split(), f"{name}: {child.text}")
            if name in ("identifier", "sender", "event"):
                need((child.text or "").strip(), f"{name} is empty")
            if name == "language":
                need(re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", (child.text or "").strip()), "language")
            if name in ("geocode", "eventCode", "parameter") and self.version != "1.0":
                need(self.names(child) == "valueName value ", name)

    def read(self):
        self.form()
        root = self.root
        identifier, sender = self.text(root, "identifier"), self.text(root, "sender")
        for name in (identifier, sender):
            need(not re.search(r"[\s,<&]", name), "forbidden character in " + name)
        status, message, scope = (self.text(root, n) for n in ("status", "msgType", "scope"))
        need(status != "Draft", "a draft")
        sent = self.moment(root, "sent")
        need((scope == "Restricted") == (self.text(root, "restriction") is not None), "restriction")
        need(scope != "Private" or self.text(root, "addresses"), "addresses")
        references = self.references()
        need(message == "Alert" or references, "no references")
        for reference in references:
            need((reference["sender"], reference["identifier"], seconds(reference["sent"])) != (sender, identifier, seconds(sent)),
                 "refers to itself")
            need(seconds(reference["sent"]) <= seconds(sent), "refers to the future")
        infos = self.all(root, "info")
        for info in infos:
            effective, _, expires = (self.moment(info, n) for n in ("effective", "onset", "expires"))
            if self.ends(message, info):
                continue
            if expires and effective:
                need(seconds(expires) > seconds(effective), "expires before effective")
            elif expires:
                need(seconds(expires) >= seconds(sent), "expires before sent")
        areas = self.areas(infos)
        if infos and message != "Cancel" and self.ends(message, infos[0]):
            for area in areas:
                area["status"] = "解除"
        if status != "Actual":
            self.editorial(infos)
        first = infos[0] if infos else None
        get = lambda name: None if first is None else self.text(first, name)
        return {
            "title": (get("event") or message).strip(), "status": status.lower(), "message": message.lower(),
            "identifiers": [identifier], "sender": sender, "sent": sent,
            "reported": first is not None and self.moment(first, "effective") or None,
            "target": first is not None and self.moment(first, "onset") or None,
            "expires": first is not None and self.moment(first, "expires") or None,
            "headline": get("headline"), "severity": get("severity"), "urgency": get("urgency"),
            "certainty": get("certainty"), "references": references, "areas": areas,
            "signed": any(child.tag.startswith(SIGNATURE) for child in root),
        }

    def ends(self, message, info):
        """What says that something is over is taken in doubt."""
        clear = any(child.text == "AllClear" for child in self.all(info, "responseType"))
        return message == "Cancel" or clear or message == "Update" and self.text(info, "urgency") == "Past"

    def references(self):
        fields = re.split(r"[\s,]+", (self.text(self.root, "references") or "").strip())
        if fields == [""]:
            return []
        need(len(fields) % 3 == 0, "references")
        result = [dict(zip(("sender", "identifier", "sent"), fields[i:i + 3])) for i in range(0, len(fields), 3)]
        for reference in result:
            seconds(reference["sent"])
        return result

    def areas(self, infos):
        result, seen = [], set()
        for area in (area for info in infos for area in self.all(info, "area")):
            name = (self.text(area, "areaDesc") or "").strip()
            found = []
            for polygon in self.all(area, "polygon"):
                if (polygon.text or "").strip():
                    points = [point(p) for p in polygon.text.split()]
                    need(len(points) >= 4 and points[0] == points[-1], "polygon")
                    found.append(("polygon", polygon.text.strip(), None))
            for circle in self.all(area, "circle"):
                if (circle.text or "").strip():
                    words = circle.text.split()
                    need(len(words) == 2 and re.fullmatch(r"\+?(\d+\.?\d*|\.\d+)", words[1]), "circle")
                    point(words[0])
                    found.append(("circle", circle.text.strip(), None))
            altitude, ceiling = self.text(area, "altitude"), self.text(area, "ceiling")
            need(not ceiling or altitude and float(ceiling) >= float(altitude), "ceiling")
            for code in self.all(area, "geocode"):
                found.append(self.geocode(code))
            need(name or found, "areaDesc")
            for scheme, code, kind in found or [("other", name, "areaDesc")]:
                if (scheme, code, kind) not in seen:
                    seen.add((scheme, code, kind))
                    result.append({"scheme": scheme, "code": code, "name": name or None, "code_type": kind})
        return result

    def geocode(self, element):
        if self.version == "1.0":
            name, _, value = (element.text or "").strip().rpartition("=")
        else:
            name, value = (self.text(element, "valueName") or "").strip(), (self.text(element, "value") or "").strip()
            need(name, "valueName")
        if re.sub(r"[\s_-]", "", name.lower()) in ("jisx0402", "lg"):
            return ("lg", value, None)
        return ("other", value, name)

    def editorial(self, infos):
        categories = {}
        for info in infos:
            language = (self.text(info, "language") or "en-US").lower()
            categories.setdefault(language, set()).update(c.text for c in self.all(info, "category"))
            if language.split("-")[0] == "ja":
                need(len(self.text(info, "headline") or "") <= 160, "headline")
                for name in ("headline", "description", "instruction"):
                    need(not re.search(r"https?://|www\.|\b0\d{1,4}-\d{1,4}-\d{4}\b", self.text(info, name) or ""), name)
        need(len({frozenset(c) for c in categories.values()}) <= 1, "categories differ")


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def point(text):
    match = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)),([+-]?(?:\d+\.?\d*|\.\d+))", text)
    need(match, "point " + text[:40])
    latitude, longitude = float(match[1]), float(match[2])
    need(-90 <= latitude <= 90 and -180 <= longitude <= 180, "point " + text)
    return latitude, longitude


def read(path):
    with open(path, "rb") as file:
        octets = file.read()
    try:
        need(b"<!DOCTYPE" not in octets, "DOCTYPE")
        return Reader(tree.fromstring(octets)).read()
    except (Refused, ValueError, tree.ParseError) as error:
        return {"refused": str(error) or type(error).__name__}


for path in sys.argv[1:]:
    print(json.dumps(read(path), ensure_ascii=False))
