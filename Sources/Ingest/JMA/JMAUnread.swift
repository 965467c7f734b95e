/// What of a body nobody here understands: places that no statement has taken up, places in tables no town lies in, and parts that no
/// reader reads. Listed so that silence is seen.
import AlertModel

enum JMAUnread {
    /// Parts of Body that some reader reads, at least for its text.
    private static let read: Set<String> = [
        "Earthquake", "Intensity", "Tsunami", "Warning", "VolcanoInfo", "AshInfos", "VolcanoInfoContent", "Text", "Comments",
        "Comment", "Notice", "NextAdvisory", "EarthquakeInfo",
    ]
    /// Tables of `other` places that words or rules use.
    private static let understood: Set<String> = ["地震情報／都道府県等", "潮位観測点", "水位観測所"]
    /// A body of thousands of foreign places is not listed to its end.
    private static let limit = 1_000

    static func read(_ body: XMLElement, _ type: JMAType, _ areas: [AreaStatement]) -> [Bulletin.Unread] {
        var found: [Bulletin.Unread] = foreign(areas)
        var known: Set<String> = Set(areas.map(\.code))
        for section in body.children where section.sharesNamespace(with: body) {
            let name = section.name
            if !read.contains(name) {
                let isTaken = name == "MeteorologicalInfos" && (type.isTagged || type.namesRegionsInBody)
                if !isTaken { found.append(.init("Body/\(name)", name: section["type"] ?? section.word("Text")?.prefix(40).description)) }
            }
            if !read.contains(name) || name == "Warning" || name == "VolcanoInfo" {
                look(section, "Body/\(name)", body, &known, &found, depth: 0)
            }
        }
        return found
    }

    /// Kept with their scheme, and in no table a town's settings can speak in.
    private static func foreign(_ areas: [AreaStatement]) -> [Bulletin.Unread] {
        areas.filter { $0.scheme == .other && !understood.contains($0.codeType ?? "") }.prefix(limit).map {
            .init("areas", scheme: $0.codeType ?? AreaScheme.other.rawValue, code: $0.code, name: $0.name)
        }
    }

    /// Areas below `element` that `areas` does not hold. `place` names the part of the body.
    private static func look(
        _ element: XMLElement, _ place: String, _ body: XMLElement, _ known: inout Set<String>,
        _ found: inout [Bulletin.Unread], depth: Int
    ) {
        guard depth < 12, found.count < limit else { return }
        for child in element.children where child.sharesNamespace(with: body) {
            guard child.isNamed("Area") else {
                look(child, place, body, &known, &found, depth: depth + 1)
                continue
            }
            let codes = JMAWarnings.codes(of: child)
            let scheme = child["codeType"] ?? element["codeType"]
            for code in codes where known.insert(code).inserted {
                found.append(.init("\(place)/Area", scheme: scheme, code: code, name: child.word("Name")))
            }
            let isCity = child.word("CityCode").map(known.contains) ?? false
            if codes.isEmpty, !isCity, let name = child.word("Name"), known.insert(name).inserted {
                found.append(.init("\(place)/Area", scheme: scheme, name: name))
            }
        }
    }
}
