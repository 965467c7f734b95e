/// Faults of editing that a drill or a test must not pass with, and that never hold up a real warning.
///
/// An issuer learns of them when it still costs nothing: status Exercise, Test and System are refused with the
/// reason. An Actual alert is read all the same. Its texts are checked again by each channel that has such a limit.
///
/// The rules on texts hold for Japanese infos, which this hub hands on as they are: 緊急速報メール takes neither
/// addresses of the web nor telephone numbers in a text (CAP has `web` and `contact` for them), and CAP 1.2 §3.2.2
/// gives 160 characters as the length of a headline. Issuers abroad write otherwise, and are not ours to correct.
struct CAPEditorial {
    let alert: CAPAlert

    static let headlineLimit = 160
    /// Characters of a text that are searched; no channel takes more.
    static let searched = 10_000

    func check() throws(Refusal) {
        guard alert.status != "Actual" else { return }
        try checkTranslations()
        for (index, info) in alert.infos.enumerated() where info.isJapanese {
            try checkTexts(info, "alert/info[\(index + 1)]")
        }
    }

    private func refusal(_ path: String, _ rule: String) -> Refusal {
        Refusal("CAP \(alert.version.rawValue): \(path): \(rule)。\(alert.status)では断ります (refused in such messages)")
    }

    /// Infos of one language are one telling of the alert: two tellings must agree on what it is about, and a
    /// translation that repeats the other language word by word is none.
    private func checkTranslations() throws(Refusal) {
        var order: [String] = []
        var tellings: [String: [CAPAlert.Info]] = [:]
        for info in alert.infos {
            let language = info.language.lowercased()
            if tellings[language] == nil { order.append(language) }
            tellings[language, default: []].append(info)
        }
        guard let first = order.first, let original = tellings[first] else { return }
        let categories = Set(original.flatMap(\.categories))
        let codes = Set(original.flatMap(\.eventCodes))
        for language in order.dropFirst() {
            guard let telling = tellings[language] else { continue }
            guard Set(telling.flatMap(\.categories)) == categories else {
                throw refusal("alert/info/category", "differs between the languages \(first) and \(language)")
            }
            guard Set(telling.flatMap(\.eventCodes)) == codes else {
                throw refusal("alert/info/eventCode", "differs between the languages \(first) and \(language)")
            }
            for info in telling {
                if let text = info.description, original.contains(where: { $0.description == text }) {
                    throw refusal("alert/info/description", "the same text as \(first) and as \(language)")
                }
            }
        }
    }

    private func checkTexts(_ info: CAPAlert.Info, _ path: String) throws(Refusal) {
        if let headline = info.headline, headline.count > Self.headlineLimit {
            throw refusal("\(path)/headline", "\(headline.count) characters, more than \(Self.headlineLimit)")
        }
        let texts = [("headline", info.headline), ("description", info.description), ("instruction", info.instruction)]
        for (name, text) in texts {
            guard let text = text.map({ String($0.prefix(Self.searched)) }) else { continue }
            if text.namesWebAddress {
                throw refusal("\(path)/\(name)", "a web address in the text (it belongs in web)")
            }
            if text.namesTelephone {
                throw refusal("\(path)/\(name)", "a telephone number in the text (it belongs in contact)")
            }
            if text.hasMarkup { throw refusal("\(path)/\(name)", "HTML in the text") }
        }
    }
}

extension CAPAlert.Info {
    var isJapanese: Bool {
        let tag = language.lowercased()
        return tag == "ja" || tag.hasPrefix("ja-")
    }
}

extension String {
    var namesWebAddress: Bool {
        let text = lowercased()
        return ["http://", "https://", "www."].contains { text.contains($0) }
    }

    /// Nine to eleven digits from 0 on in Japanese groups (03-0000-0000, 0220-00-0000); never a date or a code.
    var namesTelephone: Bool {
        var groups: [Int] = []
        var digits = 0
        var startsWithZero = false
        func isTelephone(_ groups: [Int]) -> Bool {
            groups.count == 3 && (2...5).contains(groups[0]) && (1...4).contains(groups[1]) && groups[2] == 4
                && (9...11).contains(groups.reduce(0, +))
        }
        for character in self + "\n" {
            if let value = character.wholeNumberValue, (0...9).contains(value) {
                if digits == 0, groups.isEmpty { startsWithZero = value == 0 }
                digits += 1
            } else if digits > 0, "-－ー‐−()（）".contains(character) {
                groups.append(digits)
                digits = 0
            } else {
                if digits > 0 { groups.append(digits) }
                if startsWithZero, isTelephone(groups) { return true }
                groups = []
                digits = 0
            }
        }
        return false
    }

    /// Tags of HTML by name; `<訓練>` is a way of writing, not markup.
    var hasMarkup: Bool {
        let text = lowercased()
        let tags = [
            "<br", "<p>", "</", "<b>", "<i>", "<a ", "<div", "<span", "<font", "<img", "<script", "<strong", "<ul>",
            "<li>",
        ]
        return tags.contains { text.contains($0) }
    }
}
