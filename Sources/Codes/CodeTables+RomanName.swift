/// A town's name in Latin letters, made from its reading: a proposal for a person to look at. Some towns write themselves
/// otherwise, and no public table says how.
package import AlertModel

extension CodeTables {
    /// `Kesennuma City`, `Chuo Ward, Sapporo City`; nil where no reading is known, or it ends as no town does.
    package func romanName(_ id: TownID) -> String? {
        guard let town = town(id), let kana = town.kana, let kind = town.name.last else { return nil }
        var reading = kana
        var tail = ""
        if let parent = town.parent, let city = self.town(parent), let whole = city.kana, kana.hasPrefix(whole), let name = romanName(parent) {
            reading = String(kana.dropFirst(whole.count))
            tail = ", " + name
        }
        guard let (endings, word) = Self.kinds[kind], let ending = endings.first(where: { reading.hasSuffix($0) && reading.count > $0.count })
        else { return nil }
        return Romaji.text(reading.dropLast(ending.count)).map { $0.prefix(1).uppercased() + $0.dropFirst() + " " + word + tail }
    }

    private static let kinds: [Character: (endings: [String], word: String)] = [
        "市": (["し"], "City"), "町": (["ちょう", "まち"], "Town"), "村": (["むら", "そん"], "Village"), "区": (["く"], "Ward"),
    ]
}

/// Hepburn without marks for long vowels, as on signs.
private enum Romaji {
    static func text(_ kana: some StringProtocol) -> String? {
        let letters = Array(kana)
        var made = "", doubles = false, place = 0
        while place < letters.count {
            defer { place += 1 }
            if letters[place] == "っ" {
                doubles = true
                continue
            }
            var sound: String?
            if place + 1 < letters.count, let small = smalls[letters[place + 1]], let first = table[letters[place]] {
                sound = joined(first, small)
                place += 1
            } else {
                sound = table[letters[place]]
            }
            guard let sound else { return nil }
            if doubles { made += sound.hasPrefix("ch") ? "t" : String(sound.prefix(1)) }
            doubles = false
            made += sound
        }
        return ["oo", "ou", "uu"].reduce(made) { $0.replacing($1, with: $1.prefix(1)) }
    }

    /// し and ょ are sho, き and ょ are kyo.
    private static func joined(_ first: String, _ small: String) -> String {
        let stem = String(first.dropLast())
        return ["sh", "ch", "j"].contains(stem) ? stem + small.dropFirst() : stem + small
    }

    private static let smalls: [Character: String] = ["ゃ": "ya", "ゅ": "yu", "ょ": "yo"]

    private static let table: [Character: String] = {
        let rows: [(String, [String])] = [
            ("あいうえお", ["a", "i", "u", "e", "o"]), ("かきくけこ", ["ka", "ki", "ku", "ke", "ko"]),
            ("さしすせそ", ["sa", "shi", "su", "se", "so"]), ("たちつてと", ["ta", "chi", "tsu", "te", "to"]),
            ("なにぬねの", ["na", "ni", "nu", "ne", "no"]), ("はひふへほ", ["ha", "hi", "fu", "he", "ho"]),
            ("まみむめも", ["ma", "mi", "mu", "me", "mo"]), ("やゆよ", ["ya", "yu", "yo"]),
            ("らりるれろ", ["ra", "ri", "ru", "re", "ro"]), ("わをん", ["wa", "o", "n"]),
            ("がぎぐげご", ["ga", "gi", "gu", "ge", "go"]), ("ざじずぜぞ", ["za", "ji", "zu", "ze", "zo"]),
            ("だぢづでど", ["da", "ji", "zu", "de", "do"]), ("ばびぶべぼ", ["ba", "bi", "bu", "be", "bo"]),
            ("ぱぴぷぺぽ", ["pa", "pi", "pu", "pe", "po"]),
        ]
        return Dictionary(uniqueKeysWithValues: rows.flatMap { zip($0.0, $0.1) })
    }()
}
