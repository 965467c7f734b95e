import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("Every text on one page")
struct TextBookTests {
    /// With NOROSHI_WRITE_TEXTS set the page and the snapshot are written anew: `make texts`.
    @Test("The texts are those that were last read: a change of words is seen in review")
    func snapshot() throws {
        let book = try TextBook(Renderer(directory: Rendered.folder), channels: Rendered.book)
        let write = ProcessInfo.processInfo.environment["NOROSHI_WRITE_TEXTS"] ?? ""
        if !write.isEmpty { try book.page.write(to: URL(filePath: write), atomically: true, encoding: .utf8) }
        for (name, text) in book.files.sorted(by: { $0.key < $1.key }) {
            let file = Rendered.folder.appending(path: name)
            if !write.isEmpty { try text.write(to: file, atomically: true, encoding: .utf8) }
            let kept = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            guard text != kept else { continue }
            let old = Set(kept.split(separator: "\n")), new = text.split(separator: "\n")
            Issue.record("texts changed; run `make texts`, read Templates/\(name): \(new.filter { !old.contains($0) }.prefix(10))")
        }
        #expect(book.files.count == ScreenLanguages.inUse.known.count - TextBook.together.count + 1, "a file for each further language")
    }

    @Test("Every sample has a text on every channel that may speak of it, within its limits")
    func fits() throws {
        let book = try TextBook(Renderer(directory: Rendered.folder), channels: Rendered.book)
        #expect(book.entries.filter { $0.text == nil }.map { "\($0.sample) \($0.channel): \($0.problem ?? "")" } == [])
        #expect(book.page.contains("tsunami-major"))
    }
}
