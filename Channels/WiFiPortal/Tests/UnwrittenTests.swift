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

    @Test("What it refuses is shown all the same, the newest of it; the log hears that a restart would lose it, until it is written")
    func refused() async throws {
        let both = try Both()
        let folder = both.directory.path
        // Nobody can make a folder in a file.
        try Data().write(to: both.directory)
        for (number, title) in ["最初の情報", "次の情報"].enumerated() {
            await #expect {
                try await both.send(Sample(event: "e\(number)", title: title))
            } throws: { error in
                guard case DeliveryFailure.unavailable(let words) = error else { return false }
                return words.contains("ページは出ていますが、ディスクに書けません")
            }
            #expect(both.shown()?.contains(title) == true)
        }
        #expect(both.shown()?.contains("最初の情報") == true, "what came before stays on the page")
        #expect(both.pages.unwritten.count == 1 && both.pages.unwritten.reason != nil)
        // Its own attempt, too, leaves it shown.
        await both.age()
        #expect(both.shown() != nil && both.pages.unwritten.count == 1)

        try FileManager.default.removeItem(atPath: folder)
        #expect(try await both.send(Sample(event: "e1", title: "次の情報")).reference == "r-2", "the attempt that comes again is the same page")
        #expect(both.page().contains("次の情報") && both.page().contains("最初の情報"))
        #expect(both.shown() == nil && both.pages.unwritten == (0, nil), "what is written is not kept twice")
    }

    @Test("A page that could not be written is written without a new alert once it can be")
    func later() async throws {
        let both = try Both()
        try Data().write(to: both.directory)
        await #expect(throws: DeliveryFailure.self) { try await both.send(Sample(title: "最初の情報")) }
        try FileManager.default.removeItem(at: both.directory)
        await both.age()
        #expect(both.page().contains("最初の情報"))
        #expect(both.shown() == nil && both.pages.unwritten == (0, nil))
    }

    @Test("One that hangs keeps no page from being shown, of this spot and of others; and is left to itself by whoever gives up")
    func hanging() async throws {
        let both = try Both()
        try await both.send(Sample(title: "最初の情報"))
        // Whoever opens it to write waits until somebody reads.
        let pipe = "\(both.directory.path)/spot-1/state.json.new"
        try #require(mkfifo(pipe, 0o600) == 0)
        let sending = ["spot-1", "spot-2"].map { spot in
            Task { try await both.send(Sample(event: "second", title: "次の情報", endpoint: spot)) }
        }
        try await eventually("both are shown") { both.shown("spot-1")?.contains("次の情報") == true && both.shown("spot-2")?.contains("次の情報") == true }
        // As its runner does when the time of an attempt is up.
        sending[1].cancel()
        await #expect(throws: DeliveryFailure.cancelled) { try await sending[1].value }
        #expect(!both.page().contains("次の情報"))
        #expect(both.pages.unwritten == (2, nil), "no answer is no reason, and is said")
        let reader = open(pipe, O_RDONLY)
        defer { close(reader) }
        #expect(try await sending[0].value.reference == "r-2")
        try await eventually("the other is written, too") { both.file("index.ja.html", spot: "spot-2") != nil && both.shown("spot-2") == nil }
    }
}
