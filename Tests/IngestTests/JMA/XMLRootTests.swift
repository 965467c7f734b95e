import Foundation
@testable import Ingest
import Testing

@Suite("The namespace of a root, from its first tag")
struct XMLRootTests {
    @Test("What is written plainly is found without the parser", arguments: [
        ("<a xmlns='n'/>", "n"), ("<?xml version=\"1.0\"?>\n<!-- <b xmlns='no'> -->\n<a b = \"x>y\" xmlns = \"n\">", "n"),
        ("\u{FEFF}<p:a xmlns=\"no\" xmlns:p=\"n\">", "n"), ("<?x?><?y?><あ xmlns=\"n\"", "n"),
    ])
    func plain(text: String, namespace: String) {
        #expect(XMLRoot.namespace(of: Array(text.utf8)) == namespace)
    }

    @Test("What is not is left to the parser", arguments: [
        "", "<", "<a", "<a>", "<a b>", "<!DOCTYPE a><a xmlns='n'>", "<a xmlns='n&#x41;'>", "<p:a xmlns='n'>", "<a xmlns=n>", "a <a xmlns='n'>",
        "<?xml", "<!--", "<a b='x\" xmlns='n'", String(repeating: " ", count: 5000) + "<a xmlns='n'>", "<:a xmlns='n'>",
    ])
    func others(text: String) {
        #expect(XMLRoot.namespace(of: Array(text.utf8)) == nil)
    }

    @Test("It says what the parser says of every bulletin of the corpus", .enabled(if: CAPCorpus.isThere, "no corpus here"))
    func corpus() throws {
        let root = try #require(CAPCorpus.folder) + "/.."
        var asked: [String] = []
        for case let name as String in try #require(FileManager.default.enumerator(atPath: root)) where name.hasSuffix(".xml") || name.hasSuffix(".cap") {
            guard let octets = FileManager.default.contents(atPath: "\(root)/\(name)").map({ Array($0) }),
                let document = try? XMLDocument(octets), let found = XMLRoot.namespace(of: octets)
            else {
                asked.append(name)
                continue
            }
            #expect(found == document.root.namespace, "\(name)")
        }
        // Damaged on purpose, or with a DOCTYPE.
        #expect(asked.count < 30, "\(asked)")
    }
}
