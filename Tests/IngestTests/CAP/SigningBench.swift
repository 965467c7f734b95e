/// Keys and signatures made at test time by openssl and xmlsec1: nobody's secret lies in the project, and what our
/// reader calls valid was signed by another program.
import Foundation

struct SigningBench {
    let folder: URL

    static let isThere = path("xmlsec1") != nil && path("openssl") != nil

    private static func path(_ tool: String) -> String? {
        ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { "\($0)/\(tool)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "cap-signing-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func cleared() { try? FileManager.default.removeItem(at: folder) }

    @discardableResult
    func run(_ tool: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(filePath: Self.path(tool) ?? "/usr/bin/\(tool)")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, data)
    }

    func write(_ text: String, _ name: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }
    func octets(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: folder.appending(path: name))) }
    func text(_ name: String) throws -> String { String(decoding: try octets(name), as: UTF8.self) }

    /// Makes `NAME.key` and a self-signed `NAME.pem`. `kind`: arguments of `openssl req -newkey`.
    func makeKey(_ name: String, _ kind: [String]) throws {
        try run(
            "openssl",
            [
                "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", "\(name).key",
                "-out", "\(name).pem", "-newkey",
            ] + kind)
    }

    /// Signs `text`, which holds an empty signature, with `key`; the signed octets.
    func sign(_ text: String, key: String, id: Bool = false) throws -> [UInt8] {
        try write(text, "in.xml")
        var arguments = ["--sign", "--privkey-pem", "\(key).key,\(key).pem", "--output", "out.xml"]
        if id { arguments += ["--id-attr:Id", "urn:oasis:names:tc:emergency:cap:1.2:alert"] }
        guard try run("xmlsec1", arguments + ["in.xml"]).status == 0 else { return [] }
        return try octets("out.xml")
    }
}

/// An empty signature for xmlsec1 to fill.
struct SignatureTemplate {
    var canonicalisation = "http://www.w3.org/2001/10/xml-exc-c14n#"
    var method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    var digest = "http://www.w3.org/2001/04/xmlenc#sha256"
    var uri = ""
    var cover: String? = "http://www.w3.org/2001/10/xml-exc-c14n#"
    var keyInfo = "<ds:X509Data><ds:X509Certificate/></ds:X509Data>"

    var text: String {
        let form = cover.map { #"<ds:Transform Algorithm="\#($0)"/>"# } ?? ""
        let info = keyInfo.isEmpty ? "" : "<ds:KeyInfo>\(keyInfo)</ds:KeyInfo>"
        return """
            <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
            <ds:CanonicalizationMethod Algorithm="\(canonicalisation)"/><ds:SignatureMethod Algorithm="\(method)"/>
            <ds:Reference URI="\(uri)"><ds:Transforms>
            <ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>\(form)
            </ds:Transforms><ds:DigestMethod Algorithm="\(digest)"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>
            <ds:SignatureValue/>\(info)</ds:Signature>
            """
    }
}
