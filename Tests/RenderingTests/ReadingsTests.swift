/// How our own Japanese words are read: that every one of them is, that nothing else is guessed at, and that a text stays what it is.
import AlertModel
import ChannelKit
import Codes
import Foundation
import Testing

@testable import Rendering

@Suite("How Japanese words are read")
struct ReadingsTests {
    static let readings = Result { try Readings.read(in: Rendered.folder) }

    /// A text of ours, and where it stands.
    struct Own: Sendable, CustomTestStringConvertible {
        var file, text: String
        var testDescription: String { file }
    }

    /// What residents are told where readings stand, and the words of screens, with a number where one is put in.
    static let own: [Own] = {
        let folders = ["shared", "school-tablet", "wifi-portal"]
        let templates = folders.flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: Rendered.folder.appending(path: folder).path)) ?? []).filter { $0.hasSuffix(".ja.mustache") }.map { "\(folder)/\($0)" }
        }
        let told = templates.compactMap { file in
            // A fact ends a row of kanji; a section's mark does not.
            (try? String(contentsOf: Rendered.folder.appending(path: file), encoding: .utf8)).map {
                Own(file: file, text: $0.replacing(#/\{\{[#^\/!][^}]*\}\}/#, with: "").replacing(#/\{\{[^}]*\}\}/#, with: "\u{0}"))
            }
        }
        let words = ["words/ja.json", "screens/ja.json"].flatMap { file in
            let list = (try? JSONDecoder().decode([String: [String: String]].self, from: Data(contentsOf: Rendered.folder.appending(path: file)))) ?? [:]
            return list.flatMap { group, words in words.map { Own(file: "\(file) \(group).\($0)", text: $1.replacing(#/\{\w*\}/#, with: "3")) } }
        }
        return told + words
    }()

    /// Of a clock and a calendar, and what is counted in too many ways.
    static let spared: Set = ["年", "月", "日", "人", "版"]

    private static func unread(_ text: String, _ readings: Readings) -> [String] {
        readings.pieces(of: text).filter { $0.reading == nil }.flatMap { piece in
            piece.text.split { !$0.unicodeScalars.allSatisfy(Readings.isKanji) }.map(String.init)
        }
    }

    @Test("Every kanji that we write ourselves is read: a new sentence brings its readings into Templates/readings.txt")
    func everyOwnWord() throws {
        let readings = try Self.readings.get()
        #expect(Self.own.count > 400)
        for own in Self.own {
            let unread = Self.unread(own.text, readings).filter { !Self.spared.contains($0) }
            #expect(unread.isEmpty, "\(own.file): \(unread)")
        }
    }

    @Test("So are the names of JMA's warnings, as they come into titles")
    func warnings() throws {
        let readings = try Self.readings.get(), tables = try #require(Self.tables)
        for table in ["weather", "tsunami", "volcano", "eew-warning", "eew-forecast", "landslide", "tornado", "heavy-rain-record"] {
            let names = try #require(tables[table])
            #expect(names.count > 1)
            for name in names {
                let unread = Self.unread(name, readings)
                #expect(unread.isEmpty, "\(table) \(name): \(unread)")
            }
        }
    }

    /// As `Sources/Codes/Bundled.swift` has them.
    private static let tables: [String: [String]]? = {
        let root = Rendered.folder.deletingLastPathComponent()
        guard let source = try? String(contentsOf: root.appending(path: "Sources/Codes/Bundled.swift"), encoding: .utf8) else { return nil }
        var tables: [String: [String]] = [:], table = ""
        for line in source.split(separator: "\n") {
            if line.hasPrefix("@table ") { table = String(line.dropFirst(7)) }
            let cells = line.split(separator: "\t")
            if cells.count >= 2 { tables[table, default: []].append(String(cells[1])) }
        }
        return tables
    }()

    @Test("Titles that people were shown, with names of places left as they are")
    func titles() throws {
        let readings = try Self.readings.get()
        let book = try TextBook(Renderer(directory: Rendered.folder), channels: Rendered.book)
        var unread: Set<String> = []
        for entry in book.entries where entry.language == .japanese && ["school-tablet", "wifi-portal"].contains(entry.channel) && !entry.name.hasPrefix("notice") {
            if let text = entry.text { unread.formUnion(Self.unread(text.title, readings)) }
        }
        let names: Set = ["栗駒山", "桜島", "大川", "北上川上流", "市民会館", "大島公民館", "唐桑公民館", "気仙沼小学校", "鹿折小学校"]
        let others = unread.subtracting(names).filter { !$0.hasSuffix("地区") }
        #expect(others.isEmpty, "\(others.sorted())")
    }

    @Test("No line stands there for nothing: without it a word of ours, or one of JMA's, would be read otherwise or not")
    func everyLine() throws {
        let readings = try Self.readings.get()
        let all = Self.own.map(\.text) + (Self.tables?.values.flatMap(\.self) ?? []) + ["お知らせ"]
        let said = all.map { readings.pieces(of: $0) }
        // One of a kind for each part of the house, since a table without one line is made for each.
        for line in ["避難指示（ひなんしじ）", "厳重（げんじゅう）", "今（いま）すぐ", "外（はず）し", "#件（けん）", "か所（しょ）", "無事（ぶじ）"] {
            #expect(readings.lines.contains(line))
            let without = try Readings(readings.lines.filter { $0 != line }.joined(separator: "\n"))
            #expect(zip(all, said).contains { without.pieces(of: $0) != $1 }, "\(line)")
        }
    }

    @Test("A text is what it was, whatever stands over it")
    func sameText() throws {
        let readings = try Self.readings.get()
        let book = try TextBook(Renderer(directory: Rendered.folder), channels: Rendered.book)
        for text in book.entries.compactMap(\.text).flatMap({ [$0.title, $0.body] }) + Self.own.map(\.text) {
            #expect(readings.pieces(of: text).map(\.text).joined() == text)
            #expect(readings.pieces(of: text, names: ["川": "", "避難": "ひなん", "の": "", "": ""]).map(\.text).joined() == text)
        }
        for reading in readings.lines.flatMap({ readings.pieces(of: $0) }).compactMap(\.reading) {
            #expect(reading.unicodeScalars.allSatisfy { (0x3041...0x3096).contains($0.value) || $0 == "ー" }, "\(reading)")
        }
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var text, read: String
        var names: [String: String]?
        var testDescription: String { text }
    }

    static let cases = (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: Rendered.folder.deletingLastPathComponent().appending(path: "Tests/Fixtures/readings.json")))) ?? []

    @Test("Cases that a tablet answers alike", arguments: cases)
    func asOnTablets(one: Case) throws {
        let pieces = try Self.readings.get().pieces(of: one.text, names: one.names ?? [:])
        #expect(pieces.map { $0.text + ($0.reading.map { "[\($0)]" } ?? "") }.joined() == one.read)
    }

    @Test("However long a row of kanji is that somebody sends, it is left alone and costs nothing")
    func longRow() throws {
        let row = String(repeating: "避難", count: 20_000)
        #expect(try Self.readings.get().pieces(of: row) == [Readings.Piece(row)])
    }

    @Test("A line that says no reading is refused with its place, and so is one that is there twice", arguments: [
        ("避難", "1"), ("避難（）", "1"), ("避難（hinan）", "1"), ("（ひなん）", "1"), ("避難（ひなん", "1"), ("#も件（けん）", "1"), ("ひなん", "1"), ("避難（ひなん）指示", "1"), ("避難（ひなん）\n\n# 二度\n避難（ひなん）", "4"),
    ])
    func refused(table: String, line: String) {
        let problem = #expect(throws: ReadingsProblem.self) { try Readings(table) }
        #expect(problem?.description.hasPrefix("readings.txt:\(line): ") == true)
    }

    @Test("Templates without a table are templates without readings")
    func noTable() throws {
        let none = try Readings.read(in: URL(filePath: "/nowhere"))
        #expect(none.lines.isEmpty && none.pieces(of: "避難指示") == [Readings.Piece("避難指示")])
    }
}
