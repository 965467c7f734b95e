import Chance
import Testing

@testable import Ingest

@Suite("Signatures of alerts", .enabled(if: SigningBench.isThere, "xmlsec1 or openssl is not installed"))
struct CAPSignatureTests {
    private static let more = "http://www.w3.org/2001/04/xmldsig-more#"
    private static let c10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    private static let c11 = "http://www.w3.org/2006/12/xml-c14n11"
    private static let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"

    static let rsa = ["rsa:2048"]
    static let p256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    static let p384 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]

    private func sample(_ template: SignatureTemplate, _ change: (inout SampleAlert) -> Void = { _ in }) -> SampleAlert
    {
        var sample = SampleAlert()
        sample.texts =
            "<headline>警戒レベル4 &amp; 避難指示</headline><!-- ここは注釈 --><description><![CDATA[中央 <地区>]]>\r\n</description>"
        sample.end = template.text
        change(&sample)
        return sample
    }

    struct Algorithms: Sendable {
        var key: [String]
        var method: String
        var digest = "http://www.w3.org/2001/04/xmlenc#sha256"
        var form: String
        var cover: String?
        var isWeak = false
    }

    static let algorithms: [Algorithms] = [
        Algorithms(key: rsa, method: more + "rsa-sha256", form: exclusive, cover: exclusive),
        Algorithms(
            key: rsa, method: more + "rsa-sha512", digest: "http://www.w3.org/2001/04/xmlenc#sha512", form: c10,
            cover: nil),
        Algorithms(key: rsa, method: more + "rsa-sha256", form: c11 + "#WithComments", cover: c11),
        Algorithms(key: p256, method: more + "ecdsa-sha256", form: c11, cover: c11 + "#WithComments"),
        Algorithms(
            key: p256, method: more + "ecdsa-sha256", form: exclusive + "WithComments", cover: c10 + "#WithComments"),
        Algorithms(key: p384, method: more + "ecdsa-sha384", form: exclusive, cover: exclusive),
        Algorithms(
            key: rsa, method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            digest: "http://www.w3.org/2000/09/xmldsig#sha1",
            form: c10, cover: nil, isWeak: true),
        Algorithms(
            key: rsa, method: more + "rsa-sha256", digest: "http://www.w3.org/2000/09/xmldsig#sha1", form: c10,
            cover: nil, isWeak: true),
    ]

    @Test("Valid by a trusted key, unverified by a stranger's, invalid when changed", arguments: algorithms)
    func answers(algorithms: Algorithms) throws {
        let bench = try SigningBench()
        defer { bench.cleared() }
        try bench.makeKey("issuer", algorithms.key)
        try bench.makeKey("other", algorithms.key)
        let template = SignatureTemplate(
            canonicalisation: algorithms.form, method: algorithms.method, digest: algorithms.digest,
            cover: algorithms.cover)
        let signed = try bench.sign(sample(template).text, key: "issuer")
        try #require(!signed.isEmpty, "xmlsec1 did not sign")
        let trust = try CAPTrust(entries: [bench.text("issuer.pem")])
        let wrong = try CAPTrust(entries: [bench.text("other.pem")])
        let right: Bulletin.Signature = algorithms.isWeak ? .unverified : .valid
        #expect(
            try CAPReader.read(signed, trust: trust).signature == right,
            "\(String(describing: CAPReader.signature(of: signed, trust: trust)))")
        #expect(try CAPReader.read(signed, trust: wrong).signature == .unverified)
        #expect(try CAPReader.read(signed).signature == .unverified)

        let text = String(decoding: signed, as: UTF8.self)
        let changed = Array(text.replacing("中央 ", with: "東部 ").utf8)
        #expect(try CAPReader.read(changed, trust: trust).signature == .invalid)
        // White space inside a value is signed, white space between elements does not make an alert a forged one.
        let padded = Array(text.replacing("</headline>", with: " </headline>").utf8)
        #expect(try CAPReader.read(padded, trust: trust).signature == .invalid)
        let spaced = Array(text.replacing("</sender>", with: "</sender> ").utf8)
        #expect(try CAPReader.read(spaced, trust: trust).signature != .valid)
    }

    @Test("A pin of the key is enough, and so is a key the signature does not carry")
    func pins() throws {
        let bench = try SigningBench()
        defer { bench.cleared() }
        try bench.makeKey("issuer", Self.p256)
        try bench.run("openssl", ["x509", "-in", "issuer.pem", "-noout", "-pubkey", "-out", "public.pem"])
        try bench.run("openssl", ["pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der"])
        try bench.run("openssl", ["dgst", "-sha256", "-binary", "-out", "pin", "public.der"])
        try bench.run("openssl", ["base64", "-in", "pin", "-out", "pin.txt"])
        let pinned = try CAPTrust(entries: ["sha256/" + bench.text("pin.txt").trimmingXMLSpace()])
        let known = try CAPTrust(entries: [bench.text("public.pem")])
        var template = SignatureTemplate(method: Self.more + "ecdsa-sha256")
        let withKey = try bench.sign(sample(template).text, key: "issuer")
        template.keyInfo = ""
        let bare = try bench.sign(sample(template).text, key: "issuer")
        #expect(try CAPReader.read(withKey, trust: pinned).signature == .valid)
        #expect(try CAPReader.read(bare, trust: known).signature == .valid)
        #expect(try CAPReader.read(bare, trust: pinned).signature == .unverified)
    }

    @Test("KeyValue counts as well as a certificate", arguments: [rsa])
    func keyValue(kind: [String]) throws {
        let bench = try SigningBench()
        defer { bench.cleared() }
        try bench.makeKey("issuer", kind)
        let template = SignatureTemplate(keyInfo: "<ds:KeyValue/>")
        let signed = try bench.sign(sample(template).text, key: "issuer")
        let trust = try CAPTrust(entries: [bench.text("issuer.pem")])
        #expect(try CAPReader.read(signed, trust: trust).signature == .valid)
    }

    @Test("A signature over the alert's Id is one over the whole alert, over anything else none")
    func references() throws {
        let bench = try SigningBench()
        defer { bench.cleared() }
        try bench.makeKey("issuer", Self.rsa)
        let trust = try CAPTrust(entries: [bench.text("issuer.pem")])
        let template = SignatureTemplate(uri: "#a")
        let byId = sample(template) { $0.root = #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2" Id="a">"# }
        let signed = try bench.sign(byId.text, key: "issuer", id: true)
        try #require(!signed.isEmpty)
        #expect(try CAPReader.read(signed, trust: trust).signature == .valid)
        let text = String(decoding: signed, as: UTF8.self)
        let elsewhere = text.replacing(#"Id="a""#, with: #"Id="b""#)
        #expect(try CAPReader.read(Array(elsewhere.utf8), trust: trust).signature == .unverified)
    }

    @Test("A true signature moved onto a false alert does not make it true")
    func wrapping() throws {
        let bench = try SigningBench()
        defer { bench.cleared() }
        try bench.makeKey("issuer", Self.rsa)
        let trust = try CAPTrust(entries: [bench.text("issuer.pem")])
        let signed = String(decoding: try bench.sign(sample(SignatureTemplate()).text, key: "issuer"), as: UTF8.self)
        let start = try #require(signed.firstRange(of: "<ds:Signature "))
        let end = try #require(signed.firstRange(of: "</ds:Signature>"))
        let signature = String(signed[start.lowerBound..<end.upperBound])
        let original =
            signed.replacing(signature, with: "").split(separator: "\n", maxSplits: 1).last.map(String.init) ?? ""

        // The true alert hidden in an Object of the signature.
        var false1 = SampleAlert()
        false1.identifier = "false-1"
        false1.end = signature.replacing("</ds:Signature>", with: "<ds:Object>\(original)</ds:Object></ds:Signature>")
        #expect(try CAPReader.read(false1.octets, trust: trust).signature == .invalid)
        // Two signatures, a true one among them.
        let twice = signed.replacing(signature, with: signature + signature)
        #expect(try CAPReader.read(Array(twice.utf8), trust: trust).signature == .unverified)
        // The signature inside an info, where no schema allows one.
        var false2 = SampleAlert()
        false2.area += signature
        #expect(throws: Refusal.self) { try CAPReader.read(false2.octets, trust: trust) }
        // A transform that could take parts away.
        let filtered = signed.replacing(
            #"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#,
            with: #"<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>"#)
        #expect(try CAPReader.read(Array(filtered.utf8), trust: trust).signature == .unverified)
    }

    @Test("Octets of a signed alert changed at random are never valid")
    func mutated() throws {
        let bench = try SigningBench()
        defer { bench.cleared() }
        try bench.makeKey("issuer", Self.p256)
        let trust = try CAPTrust(entries: [bench.text("issuer.pem")])
        let template = SignatureTemplate(method: Self.more + "ecdsa-sha256", keyInfo: "")
        let signed = try bench.sign(sample(template).text, key: "issuer")
        let original = try CAPReader.read(signed, trust: trust)
        var numbers = Dice(seed: 5)
        for _ in 0..<1_000 {
            var changed = signed
            let place = Int.random(in: 60..<changed.count, using: &numbers)
            changed[place] ^= UInt8(1) << UInt8.random(in: 0...6, using: &numbers)
            guard let bulletin = try? CAPReader.read(changed, trust: trust) else { continue }
            // Only what canonicalisation does not see (comments, white space inside tags) may change.
            if bulletin.signature == .valid { #expect(bulletin == original) }
        }
    }
}

@Suite("Signatures of real issuers", .enabled(if: CAPCorpus.isThere, "the corpus is not here"))
struct CAPRealSignatureTests {
    @Test(
        "Real signatures get the verdict their makers intended",
        arguments: [
            ("v1.2-xsd-valid/wis2box__tg_valid.xml", Bulletin.Signature.unverified),
            ("v1.2-xsd-valid/wis2box__tg_invalid_digest.xml", .invalid),
            ("v1.2-xsd-valid/wis2box__tg_invalid_signature.xml", .invalid),
            ("v1.2-xsd-valid/wis2box__tg_no_signature.xml", .none),
            ("v1.1/google__earthquake_signed.cap", .unverified),
            ("v1.2-xsd-valid/google__canada_signed.cap", .unverified),
            ("v1.2-xsd-valid/wis2box__tg_invalid_certificate.xml", .invalid),
            ("v1.2-xsd-valid/tannerryan__PelmorexNAADS_WindWarning.xml", .unverified),
        ])
    func verdicts(file: String, verdict: Bulletin.Signature) throws {
        let octets = try CAPCorpus.octets(file)
        let found = CAPReader.signature(of: octets)
        #expect(found?.word == verdict, "\(String(describing: found))")
    }

    @Test("An alert indented after it was signed is never valid, whoever is trusted")
    func indentedAfterwards() throws {
        let octets = try CAPCorpus.octets("v1.2-xsd-valid/wis2box__tg_valid.xml")
        let document = try XMLDocument(octets)
        let certificate = document.root.first("Signature", "KeyInfo", "X509Data", "X509Certificate")?.trimmed ?? ""
        let trust = try CAPTrust(entries: ["-----BEGIN CERTIFICATE-----\n\(certificate)\n-----END CERTIFICATE-----"])
        guard case .unverified(let reason) = CAPReader.signature(of: octets, trust: trust) else {
            Issue.record("should be unverified")
            return
        }
        #expect(reason.contains("indented"))
    }
}
