import AlertModel
import ChannelKit
import FoundationEssentials
import Testing

@testable import WiFiPortal

/// On a file system that is really full: `mount -t tmpfs -o size=200k none DIR`, then
/// `NOROSHI_SMALL_DISK=DIR swift test --filter FullDisk`.
@Suite("Wi-Fi portal: a full disk")
struct FullDiskTests {
    static let disk = ProcessInfo.processInfo.environment["NOROSHI_SMALL_DISK"]

    @Test("The log says so, the old state stays whole, people read the new page, and with room again it is written", .enabled(if: disk != nil))
    func full() async throws {
        let both = try Both(in: URL(fileURLWithPath: "\(Self.disk ?? "")/spots"))
        try await both.send(Sample(title: "最初の情報"))
        let ballast = URL(fileURLWithPath: "\(Self.disk ?? "")/ballast")
        var piece = 65_536
        var filled = Data()
        // Down to the last page of memory.
        while piece >= 512 {
            let more = filled + Data(count: piece)
            do { try more.write(to: ballast); filled = more } catch { piece /= 2 }
        }
        try filled.write(to: ballast)
        #expect(try await both.send(Sample(event: "second", title: "次の情報")).note?.contains("ディスクにはまだ書けません") == true)
        #expect(both.page().contains("次の情報") && both.kept()?.revision == 1)
        try FileManager.default.removeItem(at: ballast)
        await both.age()
        #expect(both.kept()?.revision ?? 0 > 1)
    }

    /// `mount -t tmpfs -o size=2m none DIR`, then `NOROSHI_FULL_DISK=DIR swift test --filter FullDisk`.
    static let roomier = ProcessInfo.processInfo.environment["NOROSHI_FULL_DISK"]

    @Test("On a disk that is full an order still gets onto the page, in the room that was kept for it", .enabled(if: roomier != nil))
    func reserved() async throws {
        let both = try Both(in: URL(fileURLWithPath: "\(Self.roomier ?? "")/spots"))
        try await both.send(Sample(title: "最初の情報"))
        let ballast = FileManager.default
        var piece = 65_536, number = 0
        while piece >= 512 {
            number += 1
            if !ballast.createFile(atPath: "\(Self.roomier ?? "")/ballast-\(number)", contents: Data(count: piece)) { piece /= 2 }
        }
        for number in 2...6 {
            #expect(try await both.send(Sample(event: "e\(number)", title: "情報\(number)")).reference == "r-\(number)")
            #expect(both.kept()?.revision == number)
        }
    }
}
