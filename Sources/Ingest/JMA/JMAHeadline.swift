/// Head/Headline/Information: JMA's own summary for routing. Each item is kinds × areas.
internal import AlertModel

enum JMAHeadline {
    static func read(
        _ headline: XMLElement?, _ type: JMAType, into statements: inout JMAStatements, onlyNewPlaces: Bool = false
    ) {
        guard let headline else { return }
        let known = onlyNewPlaces ? statements : JMAStatements()
        for information in headline.owned("Information") {
            for item in information.owned("Item") {
                let kinds = item.owned("Kind").flatMap { kind in self.kinds(kind, type) }
                for areas in item.owned("Areas") {
                    let codeType = areas["codeType"]
                    for area in areas.owned("Area") {
                        if statements.isOverfull { return }
                        guard let code = area.word("Code") else { continue }
                        var place = JMAAreaScheme.statement(code, codeType: codeType)
                        if onlyNewPlaces, known.knows(place.scheme, place.code) { continue }
                        place.name = area.word("Name")
                        add(place, kinds, into: &statements)
                    }
                }
            }
        }
    }

    private static func add(_ place: AreaStatement, _ kinds: [JMAKind], into statements: inout JMAStatements) {
        if kinds.isEmpty { statements.add(place) }
        for kind in kinds { statements.add(kind.said(of: place)) }
    }

    /// One Kind; several where it holds tags (情報タグ), which have no code and stand in Condition side by side.
    private static func kinds(_ element: XMLElement, _ type: JMAType) -> [JMAKind] {
        let condition = element.word("Condition")
        var kind = JMAKind(name: element.word("Name"), code: element.word("Code"))
        if kind.name == "情報タグ", let condition {
            return condition.split(whereSeparator: \.isWhitespace).map { JMAKind(name: String($0)) }
        }
        // 土砂災害、浸水害 of a warning says what; 発表, 継続, 引上げ of the others says that it changed.
        if type.conditionIsValue { kind.value = condition } else { kind.status = condition }
        return [kind]
    }
}

/// A Kind element: what is said, without the place.
struct JMAKind {
    var name: String?
    var code: String?
    var status: String?
    var value: String?
    var lastKind: String?

    var isEmpty: Bool { name == nil && code == nil && status == nil && value == nil }

    func said(of place: AreaStatement) -> AreaStatement {
        var statement = place
        statement.kindName = name
        statement.kindCode = code
        statement.status = status
        statement.value = value
        statement.lastKind = lastKind
        return statement
    }
}
