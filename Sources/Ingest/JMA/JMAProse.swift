/// What people should read beyond the headline, in the order of the bulletin.
enum JMAProse {
    /// Nil where the body has no words of its own. Parts are separated by an empty line.
    static func read(_ body: XMLElement) -> String? {
        var parts: [String] = []
        func take(_ element: XMLElement?) {
            if let text = element?.trimmed, parts.last != text { parts.append(text) }
        }
        for section in body.children where section.sharesNamespace(with: body) {
            if section.isNamed("Text") || section.isNamed("Notice") || section.isNamed("NextAdvisory") {
                take(section)
            } else if section.isNamed("Comment") {
                for text in section.owned("Text") { take(text) }
            } else if section.isNamed("Comments") {
                comments(section, take)
            } else if section.isNamed("EarthquakeInfo") {
                take(section.own("Text"))
                take(section.own("Appendix"))
            } else if section.isNamed("VolcanoInfoContent") {
                for text in section.children where text.sharesNamespace(with: section) { take(text) }
            } else if section.isNamed("Warning") {
                mainTexts(section, take)
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    }

    /// ForecastComment, WarningComment, VarComment … hold Text beside a Code; FreeFormComment is text itself.
    private static func comments(_ section: XMLElement, _ take: (XMLElement?) -> Void) {
        for comment in section.children where comment.sharesNamespace(with: section) {
            if comment.isNamed("FreeFormComment") { take(comment) } else { take(comment.own("Text")) }
        }
    }

    /// 主文 of a flood forecast.
    private static func mainTexts(_ section: XMLElement, _ take: (XMLElement?) -> Void) {
        for item in section.owned("Item") {
            for kind in item.owned("Kind") {
                for property in kind.owned("Property") where property.word("Type") == "主文" {
                    take(property.own("Text"))
                }
            }
        }
    }
}
