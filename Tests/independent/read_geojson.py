#!/usr/bin/env python3
"""Reads a GeoJSON file with Python's json and shapely, and says what RFC 7946 would have otherwise.

usage: read_geojson.py FILE      exit 1 and a line for each fault; else how many features have a place
"""
import json
import sys

from shapely.geometry import shape
from shapely.geometry.polygon import orient


def faults(feature):
    for key in ("type", "id", "geometry", "properties"):
        if key not in feature:
            yield f"{feature.get('id')}: no {key}"
    if feature["geometry"] is None:
        return
    drawn = shape(feature["geometry"])
    if not drawn.is_valid or drawn.is_empty:
        yield f"{feature['id']}: not valid"
    west, south, east, north = drawn.bounds
    if not (122 <= west <= east <= 154 and 20 <= south <= north <= 46):
        yield f"{feature['id']}: not in Japan, latitude before longitude?: {drawn.bounds}"
    for polygon in getattr(drawn, "geoms", []):
        if list(polygon.exterior.coords) != list(orient(polygon, 1.0).exterior.coords):
            yield f"{feature['id']}: a ring runs clockwise"


whole = json.load(open(sys.argv[1], encoding="utf-8"))
found = [] if whole["type"] == "FeatureCollection" and "crs" not in whole else ["no FeatureCollection of RFC 7946"]
found += [fault for feature in whole["features"] for fault in faults(feature)]
print("\n".join(found) or f"{sum(f['geometry'] is None for f in whole['features'])} without a place, {sum(f['geometry'] is not None for f in whole['features'])} with")
sys.exit(bool(found))
