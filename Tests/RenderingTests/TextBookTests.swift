import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("Every text on one page")
struct TextBookTests {
    static let snapshot = Rendered.folder.appending(path: "texts.txt")

    /// With NOROSHI_WRITE_TEXTS set the page and the snapshot are written anew: `make texts`.
    @Test("The texts are those that were last read: a change of words is seen in review")
    func snapshot() throws {
        let book = try TextBook(Renderer(directory: Rendered.folder), channels: Rendered.book)
        if let page = ProcessInfo.processInfo.environment["NOROSHI_WRITE_TEXTS"], !page.isEmpty {
            try book.plain.write(to: Self.snapshot, atomically: true, encoding: .utf8)
            try book.page.write(to: URL(filePath: page), atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: Self.snapshot, encoding: .utf8)
        guard book.plain != kept else { return }
        let old = Set(kept.split(separator: "\n")), new = book.plain.split(separator: "\n")
        Issue.record("texts changed; run `make texts`, read Templates/texts.txt: \(new.filter { !old.contains($0) }.prefix(10))")
    }

    @Test("Every sample has a text on every channel that may speak of it, within its limits")
    func fits() throws {
        let book = try TextBook(Renderer(directory: Rendered.folder), channels: Rendered.book)
        #expect(book.entries.filter { $0.text == nil }.map { "\($0.sample) \($0.channel): \($0.problem ?? "")" } == [])
        #expect(book.page.contains("tsunami-major"))
    }
}
