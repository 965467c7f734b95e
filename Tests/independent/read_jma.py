#!/usr/bin/env python3
"""A second reading of JMA bulletins, to compare the program's with.

Written from JMA's documents and the bulletins themselves, standard library only, and shaped differently on purpose:
it gathers every claim about a place with path queries and unifies the claims afterwards.

    read_jma.py FILE...      one JSON object a line, in the keys of `noroshi read`
"""
import json
import math
import os
import re
import sys
import xml.etree.ElementTree as ET

ROOT = "http://xml.kishou.go.jp/jmaxml1/"
HEAD = ROOT + "informationBasis1/"
BASIS = ROOT + "elementBasis1/"
STATUS = {"通常": "actual", "訓練": "exercise", "試験": "test"}
INFO = {"発表": "alert", "訂正": "update", "取消": "cancel"}
SCHEME = {
    "地震情報／細分区域": "jma-seismic", "気象・地震・火山情報／市町村等": "jma-city",
    "緊急地震速報／地方予報区": "jma-eew", "緊急地震速報／府県予報区": "jma-eew", "津波予報区": "jma-tsunami",
    "気象情報／府県予報区・細分区域等": "jma-forecast", "河川": "jma-river", "火山名": "jma-volcano",
    "指定河川洪水予報（予報区域）": "jma-river", "水位周知河川に関する情報（発表区間）": "jma-river",
}
KIND_OF_TITLE = [
    (r"^緊急地震速報", "eew"), (r"^津波|^沖合の津波", "tsunami"), (r"^南海トラフ|^北海道・三陸沖後発", "nankai"),
    (r"^地震・津波に関するお知らせ", "notice"), (r"^震度|^震源|^地震|^顕著な地震|^長周期", "earthquake"),
    (r"（土砂|^土砂", "landslide"), (r"洪水予報$|^水位周知河川", "flood"), (r"^降灰予報", "ashfall"),
    (r"噴火|^火山|噴煙", "volcano"), (r"台風", "typhoon"), (r"^竜巻", "tornado"),
    (r"^記録的短時間大雨", "heavy-rain-record"), (r"天気概況|^季節観測", "other"),
    (r"^気象|気象情報|気象解説情報|天候情報|潮位情報|熱中症|防災速報", "weather"),
]


def clean(text):
    text = (text or "").strip()
    return text or None


class Node:
    """An element; paths are names of its own namespace, `e:` stands for elementBasis1."""

    def __init__(self, element):
        self.e = element
        self.ns = element.tag[1:].split("}")[0] if element.tag.startswith("{") else ""

    def all(self, path):
        full = "/".join("{%s}%s" % ((BASIS, p[2:]) if p.startswith("e:") else (self.ns, p)) for p in path.split("/"))
        return [Node(x) for x in self.e.findall(full)]

    def one(self, path):
        found = self.all(path)
        return found[0] if found else None

    def text(self, path=None):
        node = self.one(path) if path else self
        return clean("".join(node.e.itertext())) if node is not None else None

    def attr(self, name):
        return self.e.get(name)


def child(root, name, namespace):
    for element in root:
        tag = element.tag
        if isinstance(tag, str) and tag.startswith("{" + namespace) and tag.split("}")[1] == name:
            return Node(element)
    return None


def place(code, code_type):
    scheme = SCHEME.get(code_type, "other")
    return {"scheme": scheme, "code": code, "code_type": code_type if scheme == "other" else None}


def headline_claims(headline, is_weather):
    for item in headline.all("Information/Item"):
        kinds = []
        for kind in item.all("Kind"):
            name, condition = kind.text("Name"), kind.text("Condition")
            if name == "情報タグ" and condition:
                kinds += [{"kind_name": tag} for tag in condition.split()]
            else:
                kinds.append({"kind_name": name, "kind_code": kind.text("Code"),
                              "value" if is_weather else "status": condition})
        for areas in item.all("Areas"):
            for area in areas.all("Area"):
                code = area.text("Code")
                if not code:
                    continue
                where = place(code, areas.attr("codeType"))
                for kind in kinds or [{}]:
                    yield {**where, "name": area.text("Name"), **kind}


def eew_claims(body, claims):
    warned = {(c["scheme"], c["code"]): c for c in claims}
    for area in body.all("Intensity/Forecast/Pref/Area"):
        low, high = area.text("ForecastInt/From"), area.text("ForecastInt/To")
        extra = {"value": low if high in (None, "over") else high, "status": area.text("Condition"),
                 "lower": low if high not in (None, "over") and low != high else None,
                 "or_more": True if high == "over" and low is not None else None, "arrival": area.text("ArrivalTime")}
        code = area.text("Code")
        if ("jma-seismic", code) in warned:
            warned["jma-seismic", code].update(extra)
        elif code:
            yield {"scheme": "jma-seismic", "code": code, "name": area.text("Name"),
                   "kind_code": area.text("Category/Kind/Code"), "kind_name": area.text("Category/Kind/Name"), **extra}


def intensity_claims(body):
    levels = [("Pref", "other", "地震情報／都道府県等"), ("Pref/Area", "jma-seismic", None), ("Pref/Area/City", "jma-city", None)]
    for path, scheme, code_type in levels:
        for area in body.all("Intensity/Observation/" + path):
            if area.text("Code"):
                lg = area.text("MaxLgInt")
                yield {"scheme": scheme, "code_type": code_type, "code": area.text("Code"), "name": area.text("Name"),
                       "value": area.text("MaxInt"), "status": area.text("Condition"),
                       "kind_name": "長周期地震動階級" + chr(0xFF10 + int(lg)) if lg in ("1", "2", "3", "4") else None}


def height(node):
    if node is None:
        return None, -1.0
    metre = node.one("e:TsunamiHeight")
    words, size = None, -1.0
    if metre is not None:
        number = float(metre.text() or "nan")
        words = metre.attr("description") or (None if math.isnan(number) else metre.text())
        size = -1.0 if math.isnan(number) else number
    return words or node.text("Condition"), size


def tsunami_claims(body):
    for path in ("Tsunami/Forecast/Item", "Tsunami/Estimation/Item"):
        for item in body.all(path):
            if item.text("Area/Code"):
                yield {"scheme": "jma-tsunami", "code": item.text("Area/Code"), "name": item.text("Area/Name"),
                       "kind_code": item.text("Category/Kind/Code"), "kind_name": item.text("Category/Kind/Name"),
                       "status": item.text("FirstHeight/Condition"), "arrival": item.text("FirstHeight/ArrivalTime"),
                       "value": height(item.one("MaxHeight"))[0]}
    for item in body.all("Tsunami/Observation/Item"):
        stations = item.all("Station")
        if item.text("Area/Code"):
            best = max((height(s.one("MaxHeight")) for s in stations), key=lambda h: h[1], default=(None, -1))
            yield {"scheme": "jma-tsunami", "code": item.text("Area/Code"), "name": item.text("Area/Name"), "value": best[0]}
        for station in stations:
            if station.text("Code"):
                yield {"scheme": "other", "code_type": "潮位観測点", "code": station.text("Code"),
                       "name": station.text("Name"), "status": station.text("FirstHeight/Condition"),
                       "arrival": station.text("FirstHeight/ArrivalTime"), "value": height(station.one("MaxHeight"))[0]}


def guessed_type(code, section):
    if section and section.endswith("（高潮予報区間）"):
        return "高潮予報区間"
    return {7: "気象・地震・火山情報／市町村等", 6: "気象情報／府県予報区・細分区域等"}.get(len(code), section)


def body_claims(body):
    """Yields (claim, says_something)."""
    sections = [(s, s.attr("type")) for s in body.all("Warning") + body.all("VolcanoInfo")]
    sections += [(s, None) for s in body.all("AshInfos/AshInfo")]
    for section, name in sections:
        for item in section.all("Item"):
            kinds = []
            for kind in item.all("Kind"):
                status, condition = kind.text("Status"), kind.text("Condition")
                said = {"kind_name": kind.text("Name"), "kind_code": kind.text("Code"), "status": status or condition,
                        "value": condition if status else None}
                if any(said.values()):
                    kinds.append(said)
            areas = [(a, a.attr("codeType")) for a in item.all("Area")]
            for group in item.all("Areas"):
                areas += [(a, a.attr("codeType") or group.attr("codeType")) for a in group.all("Area")]
            for area, code_type in areas:
                code, city = area.text("Code"), area.text("CityCode")
                wheres = []
                if code:
                    wheres.append({**place(code, code_type or guessed_type(code, name)), "name": area.text("Name")})
                if city and len(city) == 7:
                    wheres.append({"scheme": "jma-city", "code": city, "name": area.text("City")})
                for where in wheres:
                    for kind in kinds:
                        yield {**where, **kind}, True
                    if not kinds:
                        yield where, False


def observed(body):
    for item in body.all("MeteorologicalInfos/MeteorologicalInfo/Item"):
        for area in item.all("Area"):
            where = {**place(area.text("Code"), area.attr("codeType")), "name": area.text("Name")}
            for event in item.all("Kind/Property/EventPart/Event"):
                yield {**where, "kind_name": event.text("EventName")}
            for rain in item.all("Kind/Property/PrecipitationPart/e:Precipitation"):
                yield {**where, "value": rain.attr("description")}


def unify(claims):
    """Claims of one place and kind that do not contradict each other are one statement."""
    result, by_key = [], {}
    for claim in claims:
        claim = {k: v for k, v in claim.items() if v is not None}
        key = tuple(claim.get(k) for k in ("scheme", "code", "code_type", "kind_code"))
        must_agree = ["status", "value", "arrival"] + ([] if key[3] else ["kind_name"])
        for known in by_key.setdefault(key, []):
            if all(k not in claim or k not in known or claim[k] == known[k] for k in must_agree):
                for k, v in claim.items():
                    known.setdefault(k, v)
                break
        else:
            by_key[key].append(claim)
            result.append(claim)
    return result


def areas(kind, title, headline, body):
    is_state = title.startswith(("気象警報・注意報", "気象特別警報・警報")) and "時系列" not in title
    is_weather = is_state or title.startswith(("気象特別警報報知", "早期天候", "異常天候"))
    from_head = list(headline_claims(headline, is_weather)) if headline is not None else []
    if kind == "eew":
        more = list(eew_claims(body, from_head)) if body is not None else []
        claims = from_head + more
    elif kind == "tsunami":
        claims = (list(tsunami_claims(body)) if body is not None else []) or from_head
    elif kind == "earthquake":
        claims = from_head + (list(intensity_claims(body)) if body is not None else [])
    else:
        pairs = list(body_claims(body)) if body is not None else []
        said = [c for c, speaks in pairs if speaks]
        if is_state:
            known = {(c["scheme"], c["code"]) for c, _ in pairs}
            claims = said + [c for c in from_head if (c["scheme"], c["code"]) not in known]
        else:
            claims = from_head + said + (list(observed(body)) if "防災速報" in title and body is not None else [])
        known = {(c["scheme"], c["code"]) for c in claims}
        claims += [c for c, speaks in pairs if not speaks and (c["scheme"], c["code"]) not in known]
    if not claims and body is not None:
        claims = places_without_statement(body)
    return unify(claims)


def places_without_statement(body):
    def claim(area, code_type):
        code = area.text("Code")
        code_type = code_type or (guessed_type(code, None) if code else None)
        return {**place(code, code_type), "name": area.text("Name")} if code and code_type else None

    found = []
    for infos in body.all("MeteorologicalInfos"):
        for info in infos.e:
            for item in Node(info).all("Item"):
                found += [claim(a, a.attr("codeType")) for a in item.all("Area")]
                for group in item.all("Areas"):
                    found += [claim(a, a.attr("codeType") or group.attr("codeType")) for a in group.all("Area")]
    found = [f for f in found if f]
    return found or [f for f in [claim(t, t.attr("codeType")) for t in body.all("TargetArea")[:1]] if f]


def coordinate(node):
    match = re.match(r"^([+-])(\d+(?:\.\d*)?)([+-])(\d+(?:\.\d*)?)(?:([+-]\d+(?:\.\d*)?))?/?", node.text() or "")
    if not match:
        return None
    def degrees(sign, digits, whole):
        number = float(digits)
        if len(digits.split(".")[0]) > whole:
            number = int(number // 100) + (number % 100) / 60
        return -number if sign == "-" else number
    lat, lon = degrees(match[1], match[2], 2), degrees(match[3], match[4], 3)
    return lat, lon, None if match[5] is None else -float(match[5]) / 1000 + 0.0


def hypocentre(body, kind):
    quake = body.one("Earthquake") if body is not None else None
    if quake is None:
        return None
    points = quake.all("Hypocenter/Area/e:Coordinate")
    points.sort(key=lambda p: "度分" not in (p.attr("type") or ""))
    read = [c for c in map(coordinate, points) if c]
    lat, lon, depth = read[0] if read else (None, None, None)
    magnitude = quake.one("e:Magnitude")
    number = float(magnitude.text() or "nan") if magnitude is not None else math.nan
    number = None if math.isnan(number) else number
    assumed = quake.text("Condition") == "仮定震源要素" or (
        quake.text("OriginTime") is None and number == 1.0 and depth == 10.0)
    return {"name": quake.text("Hypocenter/Area/Name"), "code": quake.text("Hypocenter/Area/Code"),
            "latitude": lat, "longitude": lon, "depth_km": depth, "magnitude": number,
            "magnitude_text": None if magnitude is None else magnitude.attr("description") or magnitude.text(),
            "assumed": kind == "eew" and assumed}


def read(path):
    root = ET.parse(path).getroot()
    assert root.tag == "{%s}Report" % ROOT, "not a Report"
    control, head, body = child(root, "Control", ROOT), child(root, "Head", HEAD), child(root, "Body", ROOT + "body/")
    title = control.text("Title")
    kind = next((k for pattern, k in KIND_OF_TITLE if re.search(pattern, title)), "other")
    headline = head.one("Headline")
    found = areas(kind, title, headline, body)
    tags = " ".join(a.get("kind_name", "") for a in found) if title == "府県気象防災速報" else ""
    if "記録雨" in tags:
        kind = "heavy-rain-record"
    text = headline.one("Text") if headline is not None else None
    return {
        "file": os.path.basename(path), "format": "jma", "title": title, "kind": kind,
        "status": STATUS[control.text("Status")], "message": INFO[head.text("InfoType")],
        "identifiers": (head.text("EventID") or "").split(), "serial": head.text("Serial"),
        "sent": control.text("DateTime"), "reported": head.text("ReportDateTime"),
        "target": head.text("TargetDateTime"), "expires": head.text("ValidDateTime"),
        "sender": control.text("PublishingOffice"), "headline": text.e.text if text is not None and text.text() else None,
        "areas": found, "hypocentre": hypocentre(body, kind),
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(read(name), ensure_ascii=False, sort_keys=True, allow_nan=False))
