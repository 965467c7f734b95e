/// How the kanji of our own Japanese words are read (ふりがな): one table, `Templates/readings.txt`, for tablets and for the pages of spots.
///
///     避難指示（ひなんしじ）        a phrase, its readings in brackets behind its kanji
///     取（と）り消（け）            as many kana behind a kanji as its reading needs
///     #件（けん）                   only behind a number
///
/// The longest phrase that fits is taken. A row of kanji is read whole or not at all: 大雨 and 警報 make 大雨警報, and 大雨町, which is a place, stays as it is.
/// Names are never guessed at: what the caller knows for one is read as the register says, or not, and a row that ends in 地区 is one. Put together again, the pieces
/// are the text.
/// `Sources/Pages/Tablet/furigana.js` does the same on tablets; one list of cases holds both to it.
public import Foundation
internal import Synchronization

/// A line of the table that says no reading, with everything else that is wrong with it.
public struct ReadingsProblem: Error, CustomStringConvertible {
    public let description: String
}

public struct Readings: Sendable {
    /// A part of a text, with what stands over it.
    public struct Piece: Sendable, Hashable {
        public var text: String
        public var reading: String?

        public init(_ text: String, _ reading: String? = nil) {
            (self.text, self.reading) = (text, reading)
        }
    }

    struct Phrase: Sendable {
        let letters: [Unicode.Scalar]
        let pieces: [Piece]
        /// Kanji at its beginning.
        let lead: Int
    }

    /// The table as it is written, without its notes: what a tablet is given.
    public let lines: [String]
    /// By their first letter, the longest first; those that need a number before them apart.
    let phrases: [Unicode.Scalar: [Phrase]]
    let counters: [Unicode.Scalar: [Phrase]]

    /// Nothing is read: of templates that have no table.
    public static let none = Readings(lines: [], phrases: [:], counters: [:])

    private init(lines: [String], phrases: [Unicode.Scalar: [Phrase]], counters: [Unicode.Scalar: [Phrase]]) {
        (self.lines, self.phrases, self.counters) = (lines, phrases, counters)
    }

    public init(_ table: String, file: String = "readings.txt") throws(ReadingsProblem) {
        var lines: [String] = [], problems: [String] = []
        var found: [Bool: [Unicode.Scalar: [Phrase]]] = [:], seen: Set<String> = []
        for (number, line) in table.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, line != "#", !line.hasPrefix("# ") else { continue }
            let isCounter = line.hasPrefix("#")
            guard let phrase = Self.phrase(Array(line.unicodeScalars.dropFirst(isCounter ? 1 : 0))), !isCounter || phrase.lead > 0, let first = phrase.letters.first else {
                problems.append("\(file):\(number + 1): 「\(line)」は、漢字のうしろの（）に、かなで読みを書いてください (kanji, and behind them their reading in brackets)")
                continue
            }
            let text = (isCounter ? "#" : "") + phrase.pieces.map(\.text).joined()
            guard seen.insert(text).inserted else {
                problems.append("\(file):\(number + 1): 「\(text)」が二度あります (it is there twice)")
                continue
            }
            lines.append(line)
            found[isCounter, default: [:]][first, default: []].append(phrase)
        }
        guard problems.isEmpty else { throw ReadingsProblem(description: problems.joined(separator: "\n")) }
        func sorted(_ all: [Unicode.Scalar: [Phrase]]?) -> [Unicode.Scalar: [Phrase]] { (all ?? [:]).mapValues { $0.sorted { $0.letters.count > $1.letters.count } } }
        self.init(lines: lines, phrases: sorted(found[false]), counters: sorted(found[true]))
    }

    /// Of one line; nil where a kanji has no reading, or a reading no kanji.
    private static func phrase(_ line: [Unicode.Scalar]) -> Phrase? {
        var pieces: [Piece] = [], kanji = "", reading: String?
        for letter in line {
            switch (letter, reading) {
            case ("（", nil) where !kanji.isEmpty: reading = ""
            case ("）", .some(let said)) where !said.isEmpty:
                pieces.append(Piece(kanji, said))
                (kanji, reading) = ("", nil)
            case (_, .some(let said)):
                guard isKana(letter) else { return nil }
                reading = said + String(letter)
            case (_, nil) where isKanji(letter): kanji.unicodeScalars.append(letter)
            case (_, nil):
                guard kanji.isEmpty, letter != "（", letter != "）" else { return nil }
                if pieces.last?.reading == nil, !pieces.isEmpty { pieces[pieces.count - 1].text.unicodeScalars.append(letter) } else { pieces.append(Piece(String(letter))) }
            }
        }
        guard kanji.isEmpty, reading == nil, pieces.contains(where: { $0.reading != nil }) else { return nil }
        let letters = Array(pieces.map(\.text).joined().unicodeScalars)
        return Phrase(letters: letters, pieces: pieces, lead: letters.prefix(while: isKanji).count)
    }

    /// - Parameter names: Names in the text, each with its kana, or with "" where nobody has said them.
    public func pieces(of text: String, names: [String: String] = [:]) -> [Piece] {
        let letters = Array(text.unicodeScalars)
        guard letters.contains(where: Self.isKanji) else { return text.isEmpty ? [] : [Piece(text)] }
        let known = names.filter { $0.key.unicodeScalars.contains(where: Self.isKanji) }
            .map { (letters: Array($0.key.unicodeScalars), kana: $0.value) }.sorted { $0.letters.count > $1.letters.count }
        var pieces: [Piece] = [], start = 0, at = 0, isBehindName = false
        func read(to end: Int, isBeforeName: Bool) {
            guard start < end else { return }
            pieces += Reader(readings: self, letters: Array(letters[start..<end]), isBehindName: isBehindName, isBeforeName: isBeforeName).pieces()
        }
        while at < letters.count {
            guard let name = known.first(where: { letters[at...].starts(with: $0.letters) }) else {
                at += 1
                continue
            }
            read(to: at, isBeforeName: true)
            pieces.append(Piece(Self.text(name.letters[...]), name.kana.isEmpty ? nil : name.kana))
            at += name.letters.count
            (start, isBehindName) = (at, true)
        }
        read(to: at, isBeforeName: false)
        return pieces.reduce(into: []) { all, piece in
            if piece.reading == nil, let last = all.indices.last, all[last].reading == nil { all[last].text += piece.text } else { all.append(piece) }
        }
    }

    // MARK: letters

    /// With the small ヶ, which stands for one in names (霞ヶ関).
    public static func isKanji(_ letter: Unicode.Scalar) -> Bool {
        switch letter.value {
        case 0x3005...0x3007, 0x30F6, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: true
        default: false
        }
    }

    private static func isKana(_ letter: Unicode.Scalar) -> Bool { (0x3041...0x3096).contains(letter.value) || letter.value == 0x30FC }

    static func isDigit(_ letter: Unicode.Scalar) -> Bool { (0x30...0x39).contains(letter.value) || (0xFF10...0xFF19).contains(letter.value) }

    static func text(_ letters: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: letters)
        return String(text)
    }

    // MARK: The table of this program

    private static let held = Mutex<Readings?>(nil)

    /// Once, at the start, before anything is shown.
    public static func use(_ readings: Readings) { held.withLock { $0 = readings } }

    /// - Parameter folder: of templates. Without a table nothing is read.
    public static func read(in folder: URL) throws(ReadingsProblem) -> Readings {
        guard let table = try? String(contentsOf: folder.appending(path: "readings.txt"), encoding: .utf8) else { return .none }
        return try Readings(table)
    }

    /// The one in use. Where nobody has said which (in tests and tools), that of the folder of templates that is found.
    public static var inUse: Readings {
        if let known = held.withLock({ $0 }) { return known }
        let found = TemplatePlace.found.flatMap { try? read(in: $0) } ?? .none
        return held.withLock { known in
            known = known ?? found
            return known ?? found
        }
    }
}

/// Of a stretch of text between two names.
private struct Reader {
    let readings: Readings
    let letters: [Unicode.Scalar]
    let isBehindName: Bool
    let isBeforeName: Bool

    /// Read in too many ways behind a number: 一日, 二人, 十分, 三階.
    private static let many = Set("年月日時分秒人件階版".unicodeScalars)

    /// No word of ours is a longer row of kanji; what somebody else sends may be.
    private static let longest = 40

    func pieces() -> [Readings.Piece] {
        var pieces: [Readings.Piece] = [], at = 0
        // Behind a number or a name one kanji alone is read by nobody.
        var least = isBehindName ? 2 : 1
        while at < letters.count {
            let letter = letters[at], isBehindNumber = at > 0 && Readings.isDigit(letters[at - 1])
            guard Readings.isKanji(letter) else {
                let found = Readings.isDigit(letter) && isBehindNumber ? nil : fitting(at, least: 0)
                pieces += found ?? [Readings.Piece(String(letter))]
                at += found.map(Self.length) ?? 1
                least = 1
                continue
            }
            let end = letters[at...].firstIndex { !Readings.isKanji($0) } ?? letters.count
            if isBeforeName && end == letters.count && end - at == 1 || end - at > Self.longest || Self.isDistrict(letters[at..<end]) { least = .max }
            if let found = isBehindNumber && least < .max ? fitting(at, least: 1, in: readings.counters) : nil {
                pieces += found
                at += Self.length(found)
            } else if isBehindNumber, Self.many.contains(letter) {
                pieces.append(Readings.Piece(String(letter)))
                at += 1
                least = 2
                continue
            } else if let found = fitting(at, least: isBehindNumber ? max(2, least) : least) {
                pieces += found
                at += Self.length(found)
            } else {
                pieces.append(Readings.Piece(Readings.text(letters[at..<end])))
                at = end
            }
            least = 1
        }
        return pieces
    }

    private static func isDistrict(_ row: ArraySlice<Unicode.Scalar>) -> Bool { row.count > 2 && row.suffix(2).elementsEqual("地区".unicodeScalars) }

    private static func length(_ pieces: [Readings.Piece]) -> Int { pieces.reduce(0) { $0 + $1.text.unicodeScalars.count } }

    /// The longest phrase there that leaves no kanji of its row unread; one that is followed by another has two kanji at least, and so has the other.
    private func fitting(_ at: Int, least: Int, in table: [Unicode.Scalar: [Readings.Phrase]]? = nil) -> [Readings.Piece]? {
        for phrase in (table ?? readings.phrases)[letters[at]] ?? [] where phrase.lead == 0 || phrase.lead >= least {
            let end = at + phrase.letters.count
            guard end <= letters.count, letters[at..<end].elementsEqual(phrase.letters) else { continue }
            guard end < letters.count, Readings.isKanji(letters[end]), Readings.isKanji(letters[end - 1]) else { return phrase.pieces }
            guard phrase.letters.count > 1 || table != nil, let rest = fitting(end, least: 2) else { continue }
            return phrase.pieces + rest
        }
        return nil
    }
}
