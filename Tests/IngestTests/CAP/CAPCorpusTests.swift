import AlertModel
import Testing

@testable import Ingest

@Suite("CAP as real issuers write it", .enabled(if: CAPCorpus.isThere, "the corpus is not here"))
struct CAPCorpusTests {
    /// Valid by the schema, refused by the words of the standard (CAP 1.2 §3.2): the issuers' own negative samples.
    static let brokenByProse: [String: String] = [
        "v1.1/google__noaa_errors.cap": "alert/info[1]/urgency",
        "v1.2-xsd-valid/google__canada_errors.cap": "alert/references",
        "v1.2-xsd-valid/govuk__wainfleet_cancel_with_empty_references.xml": "alert/references",
        "v1.2-xsd-valid/govuk__wainfleet_cancel_with_missing_references.xml": "alert/references",
        "v1.2-xsd-valid/govuk__invalid_degenerate_area.xml": "polygon",
        "v1.2-xsd-valid/govuk__valid_area_polygon.xml": "polygon",
    ]

    @Test("Every real alert that keeps the standard is read", arguments: ["v1.0", "v1.1", "v1.2-xsd-valid"])
    func valid(folder: String) throws {
        let files = CAPCorpus.files(folder)
        #expect(!files.isEmpty)
        for file in files {
            do {
                let bulletin = try CAPReader.read(try CAPCorpus.octets(file))
                #expect(Self.brokenByProse[file] == nil, "\(file) should be refused")
                #expect(bulletin.format == .cap && !bulletin.title.isEmpty, "\(file)")
            } catch let refusal as Refusal {
                guard let element = Self.brokenByProse[file] else {
                    Issue.record("\(file): \(refusal)")
                    continue
                }
                #expect(refusal.reason.contains(element), "\(file): \(refusal)")
            }
        }
    }

    @Test(
        "What breaks a rule is refused with its element and rule",
        arguments: CAPCorpus.files("synthetic", prefix: "bad-")
            + CAPCorpus.files("v1.2-xsd-invalid") + CAPCorpus.files("not-wellformed"))
    func bad(file: String) throws {
        let octets = try CAPCorpus.octets(file)
        let refusal = #expect(throws: Refusal.self, "\(file)") { try CAPReader.read(octets) }
        #expect(refusal.map { $0.reason.count > 10 } ?? false)
    }

    @Test("What is legal is read", arguments: CAPCorpus.files("synthetic", prefix: "ok-"))
    func ok(file: String) throws {
        let bulletin = try CAPReader.read(try CAPCorpus.octets(file))
        #expect(bulletin.status == .exercise)
        #expect(bulletin.identifiers == ["mihon-20261123-0001"])
    }

    @Test(
        "Feeds and envelopes are named as what they are",
        arguments: CAPCorpus.files("feeds") + CAPCorpus.files("edxl-de"))
    func others(file: String) throws {
        let octets = try CAPCorpus.octets(file)
        let refusal = #expect(throws: Refusal.self, "\(file)") { try CAPReader.read(octets) }
        let word = file.hasPrefix("feeds") ? "Atom" : "EDXL"
        let reason = refusal?.reason ?? ""
        #expect(reason.contains(word) || reason.contains("not well-formed"), "\(file): \(reason)")
    }
}
