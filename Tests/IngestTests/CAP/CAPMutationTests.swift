import Chance
import Testing

@testable import Ingest

/// Strangers' bytes: whatever they do, the answer is a bulletin or a refusal.
@Suite("CAP that was cut, mixed or made to hurt")
struct CAPMutationTests {
    private func survives(_ octets: [UInt8]) -> Bool {
        do {
            _ = try CAPReader.read(octets)
            return true
        } catch {
            return !error.reason.isEmpty
        }
    }

    @Test("Cut at any octet, it is refused")
    func cut() {
        let octets = SampleAlert().octets
        for end in 0..<octets.count - 1 {
            #expect(throws: Refusal.self, "\(end)") { try CAPReader.read(Array(octets[..<end])) }
        }
    }

    @Test("Octets changed at random never crash the reader")
    func randomOctets() {
        var numbers = Dice(seed: 42)
        let octets = SampleAlert().octets
        for _ in 0..<2_000 {
            var changed = octets
            for _ in 0..<Int.random(in: 1...6, using: &numbers) {
                let place = Int.random(in: 0..<changed.count, using: &numbers)
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: changed[place] = UInt8.random(in: 0...255, using: &numbers)
                case 1: changed.remove(at: place)
                default: changed.insert(changed[Int.random(in: 0..<changed.count, using: &numbers)], at: place)
                }
            }
            #expect(survives(changed))
        }
    }

    @Test("Elements repeated or exchanged are refused or read, never worse")
    func shuffledElements() {
        var numbers = Dice(seed: 7)
        let parts = SampleAlert().text.replacing("><", with: ">\n<").split(separator: "\n")
        for _ in 0..<500 {
            var changed = parts
            let (one, two) = (
                Int.random(in: 0..<parts.count, using: &numbers), Int.random(in: 0..<parts.count, using: &numbers)
            )
            if Bool.random(using: &numbers) { changed.swapAt(one, two) } else { changed.insert(parts[one], at: two) }
            #expect(survives(Array(changed.joined(separator: "\n").utf8)))
        }
    }

    @Test("A prefix is only a prefix")
    func prefixes() throws {
        let plain = SampleAlert().text
        var prefixed = ""
        var rest = Substring(plain)
        while let open = rest.firstIndex(of: "<") {
            prefixed += rest[...open]
            rest = rest[rest.index(after: open)...]
            if rest.hasPrefix("/") {
                prefixed += "/c:"
                rest = rest.dropFirst()
            } else if !rest.hasPrefix("?") {
                prefixed += "c:"
            }
        }
        prefixed += rest
        prefixed = prefixed.replacing("xmlns=", with: "xmlns:c=")
        #expect(try CAPReader.read(Array(prefixed.utf8)) == (try CAPReader.read(Array(plain.utf8))))
    }

    @Test(
        "A DOCTYPE, a bomb, a giant and a pit are refused",
        arguments: [
            "<!DOCTYPE alert><alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>",
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>",
            String(repeating: "<a>", count: 100_000),
            String(repeating: "<a>", count: 1_000) + String(repeating: "</a>", count: 1_000),
            "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>" + String(repeating: " ", count: 5 << 20)
                + "</alert>",
            "<alert/>", "<>", "\u{0}", "",
        ])
    func hostile(text: String) {
        #expect(throws: Refusal.self) { try CAPReader.read(Array(text.utf8)) }
    }

    @Test("A tag crowded with attributes never reaches the parser", arguments: ["a%=\"\"", "xmlns:a%='u'"])
    func crowdedTag(attribute: String) {
        let attributes = (0..<200_000).map { attribute.replacing("%", with: "\($0)") }.joined(separator: " ")
        let root = #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2" "# + attributes
        for text in [root + "/>", "<!-- <a = -->" + root + "/>", root] {
            let refusal = #expect(throws: Refusal.self) { try CAPReader.read(Array(text.utf8)) }
            #expect(refusal?.reason.contains("attributes") == true)
        }
    }

    @Test("Equals signs in texts, comments and values are no attributes")
    func equalsSigns() throws {
        let many = String(repeating: "a = 'b' ", count: 500)
        var sample = SampleAlert()
        sample.texts = "<!-- < \(many)--><headline>\(many)</headline><description><![CDATA[<x \(many)]]></description>"
        #expect(try CAPReader.read(sample.octets).headline == many)
        sample.root = #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2" xmlns:a="\#(many)">"#
        _ = try CAPReader.read(sample.octets)
    }

    @Test("UTF-16 is read while it is small")
    func utf16() throws {
        let text = SampleAlert().text.replacing("UTF-8", with: "UTF-16")
        func octets(_ text: String) -> [UInt8] {
            text.utf16.reduce(into: [0xFF, 0xFE]) { $0 += [UInt8($1 & 0xFF), UInt8($1 >> 8)] }
        }
        #expect(try CAPReader.read(octets(text)).title == "避難指示")
        let padded = octets(text + String(repeating: " ", count: 40_000))
        #expect(throws: Refusal.self) { try CAPReader.read(padded) }
    }

    @Test("Too many points are refused before geometry sees them")
    func manyPoints() {
        var sample = SampleAlert()
        sample.area = "<areaDesc>a</areaDesc><polygon>\(String(repeating: "1,1 ", count: 30_000))</polygon>"
        let refusal = #expect(throws: Refusal.self) { try CAPReader.read(sample.octets) }
        #expect(refusal?.reason.contains("polygon") == true)
    }

    @Test(
        "Real alerts with an octet changed never crash the reader",
        .enabled(if: CAPCorpus.isThere, "the corpus is not here"))
    func realAlertsMutated() throws {
        var numbers = Dice(seed: 99)
        for file in CAPCorpus.files("v1.2-xsd-valid") {
            let octets = try CAPCorpus.octets(file)
            guard octets.count < 40_000 else { continue }
            for _ in 0..<20 {
                var changed = octets
                let place = Int.random(in: 0..<changed.count, using: &numbers)
                changed[place] = UInt8.random(in: 0...255, using: &numbers)
                #expect(survives(changed))
            }
        }
    }
}
