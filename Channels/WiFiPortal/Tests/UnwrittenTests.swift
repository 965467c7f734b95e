import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import WiFiPortal

@Suite("Wi-Fi portal: a disk that takes no page")
struct UnwrittenTests {
    private func eventually(_ what: String, _ isTrue: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        // Nothing opens this gate: it is a breath between two questions.
        while !isTrue(), ContinuousClock.now < end { _ = await Gate().opens(within: .milliseconds(5)) }
        try #require(isTrue(), "\(what)")
    }

    @Test("What it refuses is shown all the same, the newest of it, and the log says that it is not on the disk, until it is")
    func refused() async throws {
        let both = try Both()
        let folder = both.directory.path
        // Nobody can make a folder in a file.
        try Data().write(to: both.directory)
        for (number, title) in ["最初の情報", "次の情報"].enumerated() {
            let receipt = try await both.send(Sample(event: "e\(number)", title: title))
            #expect(receipt.note?.hasPrefix("ページは出ています。ディスクにはまだ書けません") == true, "\(receipt)")
            #expect(both.page().contains(title))
        }
        #expect(both.page().contains("最初の情報"), "what came before stays on the page")
        #expect(both.pages.unwritten.count == 1 && both.pages.unwritten.reason != nil)
        // Its own attempt, too, leaves it shown.
        await both.age()
        #expect(both.page().contains("次の情報") && both.pages.unwritten.count == 1)

        try FileManager.default.removeItem(atPath: folder)
        #expect(try await both.send(Sample(event: "e2", title: "三番目の情報")) == Receipt(reference: "r-3"))
        #expect(both.page().contains("次の情報") && both.page().contains("最初の情報"))
        #expect(both.pages.unwritten == (0, nil))
        #expect(both.notebook.all.isEmpty, "what is written is not kept twice")
    }

    @Test("What was shown and not written is there after a restart, with what was taken back; then it is written and kept no more")
    func restart() async throws {
        let both = try Both()
        try await both.send(Sample(title: "取り消される情報"))
        let folder = "\(both.directory.path)/spot-1"
        try FileManager.default.moveItem(atPath: folder, toPath: folder + ".aside")
        try Data().write(to: URL(filePath: folder))
        try await both.send(Sample(message: .cancel, title: "取り消される情報", sent: start + 1))
        try await both.send(Sample(event: "second", title: "次の情報"))
        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.moveItem(atPath: folder + ".aside", toPath: folder)
        #expect(both.kept()?.revision == 1, "the disk has the state of before")

        let again = try both.restarted()
        let sample = Sample()
        try await again.real.prepare(sample.delivery(Actual.self).farEnd, of: sample.message(Actual.self).town, shelters: [])
        #expect(again.page().contains("次の情報"))
        #expect(again.page().contains("取り消し") && both.page().contains("取り消し"))
        #expect(again.notebook.all.isEmpty)
        // An old note beside a newer page does not win.
        let third = try Both(in: both.directory, notebook: both.notebook)
        try await third.send(Sample(event: "third", title: "三番目の情報"))
        #expect(third.page().contains("次の情報") && third.page().contains("三番目の情報"))
    }

    @Test("A page that could not be written is written without a new alert once it can be")
    func later() async throws {
        let both = try Both()
        try Data().write(to: both.directory)
        try await both.send(Sample(title: "最初の情報"))
        try FileManager.default.removeItem(at: both.directory)
        await both.age()
        #expect(both.kept()?.actual.entries.isEmpty == false)
        #expect(both.pages.unwritten == (0, nil))
    }

    @Test("One that hangs keeps no page from being shown, of this spot and of others, nor the next ones; all are written when it answers")
    func hanging() async throws {
        let both = try Both()
        try await both.send(Sample(title: "最初の情報"))
        // Whoever opens it to write waits until somebody reads.
        let pipe = "\(both.directory.path)/spot-1/state.json.new"
        try #require(mkfifo(pipe, 0o600) == 0)
        for (number, spot) in ["spot-1", "spot-2", "spot-1", "spot-3", "spot-1"].enumerated() {
            let title = "情報その\(number)"
            let receipt = try await both.send(Sample(event: "e\(number)", title: title, endpoint: spot))
            #expect(receipt.note?.contains("ディスクが応答しません") == true, "\(number): \(receipt)")
            #expect(both.page(of: spot).contains(title))
        }
        #expect(both.kept()?.revision == 1, "the disk has the state of before")
        #expect(both.pages.unwritten == (3, nil), "no answer is no reason, and is said")
        #expect(both.notebook.all.count == 3, "a restart would find them")
        let reader = open(pipe, O_RDONLY)
        defer { close(reader) }
        for spot in ["spot-1", "spot-2", "spot-3"] {
            try await eventually("\(spot) is written") { both.kept(spot)?.revision ?? 0 == both.pages[spot]?.revision && !both.pages.isUnwritten(spot) }
        }
        #expect(both.page().contains("情報その0") && both.page().contains("情報その4"))
        #expect(both.notebook.all.isEmpty)
    }

    @Test("Asked before anything was prepared, a start shows what was shown before it; of a place that never was it shows nothing")
    func early() async throws {
        let both = try Both()
        try await both.send(Sample(title: "前から出ている情報"))
        let site = PortalSite(directory: both.directory.path, PageShelf(), both.notebook, disk: PortalThread())
        let page = await site.found("spot-1", now: start)?.octets(of: "index.ja.html") ?? []
        #expect(String(decoding: page, as: UTF8.self).withoutReadings.contains("前から出ている情報"))
        #expect(await site.found("spot-9", now: start) == nil)
    }

    @Test("Who gives up waiting for it is let go; the page stays shown")
    func givenUp() async throws {
        let both = try Both()
        try await both.send(Sample(title: "最初の情報"))
        try #require(mkfifo("\(both.directory.path)/spot-1/state.json.new", 0o600) == 0)
        let sending = Task { try await both.send(Sample(event: "second", title: "次の情報")) }
        sending.cancel()
        await #expect(throws: DeliveryFailure.cancelled) { try await sending.value }
        let reader = open("\(both.directory.path)/spot-1/state.json.new", O_RDONLY | O_NONBLOCK)
        close(reader)
    }
}
