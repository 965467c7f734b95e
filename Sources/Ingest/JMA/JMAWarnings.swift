/// Bodies made of items, each with kinds and areas: weather in the old and the new format (警戒レベル), landslide,
/// tornado, heavy rain, rivers, volcanoes, ash.
internal import AlertModel

enum JMAWarnings {
    static func read(_ body: XMLElement, into statements: inout JMAStatements) {
        var places: [AreaStatement] = []
        for section in body.children where section.sharesNamespace(with: body) {
            if section.isNamed("Warning") || section.isNamed("VolcanoInfo") {
                readItems(of: section, named: section["type"], &places, into: &statements)
            } else if section.isNamed("AshInfos") {
                for info in section.owned("AshInfo") { readItems(of: info, named: nil, &places, into: &statements) }
            }
        }
        for place in places where !statements.knows(place.scheme, place.code) { statements.add(place) }
    }

    /// `places` collects areas of which an item says nothing that can be routed by (a river's main text).
    private static func readItems(
        of section: XMLElement, named name: String?, _ places: inout [AreaStatement],
        into statements: inout JMAStatements
    ) {
        for item in section.owned("Item") {
            let kinds = item.owned("Kind").map(kind)
            for element in areas(of: item) {
                if statements.isOverfull { return }
                // 浸水想定地区 of 氾濫発生情報 have a CityCode and no Code: the municipality is the place.
                let city = city(of: element.area)
                guard let code = element.area.word("Code") else {
                    if let city { say(kinds, of: city, &places, into: &statements) }
                    continue
                }
                let codeType = element.codeType ?? JMAAreaScheme.bodyCodeType(code, section: name)
                var place = JMAAreaScheme.statement(code, codeType: codeType)
                place.name = element.area.word("Name")
                say(kinds, of: place, &places, into: &statements)
                if let city { say(kinds, of: city, &places, into: &statements) }
            }
        }
    }

    private static func say(
        _ kinds: [JMAKind], of place: AreaStatement, _ places: inout [AreaStatement],
        into statements: inout JMAStatements
    ) {
        if kinds.allSatisfy(\.isEmpty) { places.append(place) }
        for kind in kinds where !kind.isEmpty { statements.add(kind.said(of: place)) }
    }

    /// A weather warning has Status (発表, 継続, 解除) and says what in Condition; a volcano's or river's Condition is
    /// the change itself (引上げ, 洪水注意報（発表）).
    private static func kind(_ element: XMLElement) -> JMAKind {
        var kind = JMAKind(name: element.word("Name"), code: element.word("Code"), status: element.word("Status"))
        let condition = element.word("Condition")
        if kind.status == nil { kind.status = condition } else { kind.value = condition }
        let last = element.own("LastKind")
        if let before = last?.word("Name"), before != kind.name { kind.lastKind = before }
        return kind
    }

    /// The municipality that a river's 浸水想定地区 lies in.
    private static func city(of area: XMLElement) -> AreaStatement? {
        guard let code = area.word("CityCode"), code.utf8.count == 7 else { return nil }
        return AreaStatement(scheme: .jmaCity, code: code, name: area.word("City"))
    }

    private static func areas(of item: XMLElement) -> [(area: XMLElement, codeType: String?)] {
        var found: [(area: XMLElement, codeType: String?)] = []
        for child in item.children where child.sharesNamespace(with: item) {
            if child.isNamed("Area") {
                found.append((child, child["codeType"]))
            } else if child.isNamed("Areas") {
                let common = child["codeType"]
                for area in child.owned("Area") { found.append((area, area["codeType"] ?? common)) }
            }
        }
        return found
    }

    /// What was seen where, of a bulletin whose headline holds tags only (防災速報): rain in municipalities, 線状降水帯.
    static func readObservations(_ body: XMLElement, into statements: inout JMAStatements) {
        for infos in body.owned("MeteorologicalInfos") {
            for info in infos.owned("MeteorologicalInfo") {
                for item in info.owned("Item") {
                    let kinds = item.owned("Kind").flatMap { $0.owned("Property").compactMap(observation) }
                    for element in areas(of: item) {
                        if statements.isOverfull { return }
                        guard let code = element.area.word("Code") else { continue }
                        let codeType = element.codeType ?? JMAAreaScheme.bodyCodeType(code, section: nil)
                        var place = JMAAreaScheme.statement(code, codeType: codeType)
                        place.name = element.area.word("Name")
                        for kind in kinds { statements.add(kind.said(of: place)) }
                    }
                }
            }
        }
    }

    private static func observation(_ property: XMLElement) -> JMAKind? {
        if let name = property.own("EventPart")?.own("Event")?.word("EventName") { return JMAKind(name: name) }
        let rain = property.own("PrecipitationPart")?.first("Precipitation", in: JMANamespace.basis)
        return rain?["description"].map { JMAKind(value: $0) }
    }

    /// Places of a bulletin that states nothing about them: the areas of a time series, else TargetArea.
    static func readPlaces(_ body: XMLElement, into statements: inout JMAStatements) {
        for infos in body.owned("MeteorologicalInfos") {
            for info in infos.children where info.sharesNamespace(with: infos) {
                for item in info.owned("Item") {
                    for element in areas(of: item) { addPlace(element.area, element.codeType, into: &statements) }
                }
            }
        }
        guard statements.list.isEmpty, let target = body.own("TargetArea") else { return }
        addPlace(target, target["codeType"], into: &statements)
    }

    private static func addPlace(_ area: XMLElement, _ codeType: String?, into statements: inout JMAStatements) {
        for code in codes(of: area) {
            guard let codeType = codeType ?? JMAAreaScheme.bodyCodeType(code, section: nil) else { continue }
            var place = JMAAreaScheme.statement(code, codeType: codeType)
            guard !statements.knows(place.scheme, place.code) else { continue }
            place.name = area.word("Name")
            statements.add(place)
        }
    }

    /// A Code, or a CodeList of several with white space between them.
    static func codes(of area: XMLElement) -> [String] {
        if let code = area.word("Code") { return [code] }
        return area.word("CodeList")?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    }
}
