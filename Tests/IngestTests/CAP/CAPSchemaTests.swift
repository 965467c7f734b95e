import Chance
import Foundation
import Testing

@testable import Ingest

/// The OASIS schema as the judge of our own table: an alert with parts cut out, doubled, exchanged or rewritten that
/// the schema refuses must be refused here. (The other way round the standard's words ask for more.)
@Suite("CAPGrammar beside the OASIS schema", .enabled(if: OASISSchema.isThere, "xmllint or the schema is not here"))
struct CAPSchemaTests {
    static let full: String = {
        var sample = SampleAlert()
        sample.status = "Actual"
        sample.afterScope =
            "<code>c</code><note>n</note><references>a@b.jp,x,2026-03-01T09:00:00+09:00</references><incidents>i</incidents>"
        sample.category = "<category>Met</category><category>Geo</category>"
        sample.times = """
            <eventCode><valueName>n</valueName><value>v</value></eventCode><effective>2026-04-01T09:00:00+09:00</effective>\
            <onset>2026-04-01T10:00:00+09:00</onset><expires>2026-04-01T15:00:00+09:00</expires><senderName>s</senderName>
            """
        sample.texts = """
            <headline>h</headline><description>d</description><instruction>i</instruction><web>https://a.jp</web>\
            <contact>c</contact><parameter><valueName>n</valueName><value>v</value></parameter><resource>\
            <resourceDesc>r</resourceDesc><mimeType>text/plain</mimeType><size>1</size><uri>u</uri><derefUri>d</derefUri>\
            <digest>d</digest></resource>
            """
        sample.area = """
            <areaDesc>a</areaDesc><polygon>1,1 1,2 2,2 1,1</polygon><circle>1,1 1</circle><geocode><valueName>n</valueName>\
            <value>v</value></geocode><altitude>1</altitude><ceiling>2</ceiling>
            """
        return sample.text
    }()

    private static let words = [
        "", " ", "x", "Met", "actual", "Actual ", "-1", "1.5", "2026-04-01T09:00:00+09:00",
        "2026-13-01T09:00:00+09:00", "2026-04-01T25:00:00+09:00", "2026-04-01T09:00:60+09:00",
        "2026-04-01T09:00:00+15:00", "2026-4-1T09:00:00+09:00", " 2026-04-01T09:00:00+09:00\n", "ja-", "a b", "<b/>",
        "http://a/%zz",
        "a#b#c", "1a:b", ":a", "1e3", "+.5", "é", "12345678", "abcdefghi",
    ]

    private static let parts = full.replacing("><", with: ">\u{1}<").split(separator: "\u{1}").map(String.init)

    /// Every text of the alert rewritten to every word.
    private static var rewritten: [String] {
        parts.indices.dropFirst(2).flatMap { place -> [String] in
            guard let open = parts[place].firstIndex(of: ">"), let close = parts[place].lastIndex(of: "<"), open < close
            else { return [] }
            return words.map { word in
                var changed = parts
                changed[place].replaceSubrange(changed[place].index(after: open)..<close, with: word)
                return changed.joined()
            }
        }
    }

    /// An element removed, doubled, moved, given an attribute or a neighbour of loose text.
    private static func moved(_ numbers: inout Dice) -> String {
        var parts = parts
        let place = Int.random(in: 2..<parts.count - 1, using: &numbers)
        let other = Int.random(in: 2..<parts.count - 1, using: &numbers)
        switch Int.random(in: 0..<5, using: &numbers) {
        case 0: parts.remove(at: place)
        case 1: parts.insert(parts[place], at: place)
        case 2: parts.swapAt(place, other)
        case 3: parts[place] = parts[place].replacing(">", with: " lang=\"ja\">", maxReplacements: 1)
        default: parts.insert("text", at: place)
        }
        return parts.joined()
    }

    @Test("What the schema refuses, we refuse")
    func schemaFirst() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cap-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try CAPReader.read(Array(Self.full.utf8))
        var numbers = Dice(seed: 21)
        let mutations = Self.rewritten + (0..<500).map { _ in Self.moved(&numbers) }
        var texts: [String: String] = [:]
        for (number, text) in mutations.enumerated() {
            texts["\(number).xml"] = text
            try Data(text.utf8).write(to: folder.appending(path: "\(number).xml"))
        }
        let valid = try verdicts(in: folder, texts.keys.sorted())
        #expect(
            valid.count > 100 && valid.count < mutations.count * 3 / 4, "\(valid.count) of \(mutations.count) are valid"
        )
        for (name, text) in texts where !valid.contains(name) {
            #expect(throws: Refusal.self, "\(text)") { try CAPReader.read(Array(text.utf8)) }
        }
    }

    /// The names of the files xmllint calls valid.
    private func verdicts(in folder: URL, _ names: [String]) throws -> Set<String> {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/xmllint")
        process.arguments = ["--noout", "--schema", OASISSchema.path ?? ""] + names
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardError = output
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Set(text.split(separator: "\n").filter { $0.hasSuffix(" validates") }.map { String($0.dropLast(10)) })
    }
}

enum OASISSchema {
    static let path = CAPCorpus.folder.map { "\($0)/schema/oasis-CAP-v1.2.xsd" }
    static var isThere: Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/xmllint")
            && path.map { FileManager.default.fileExists(atPath: $0) } ?? false
    }
}
