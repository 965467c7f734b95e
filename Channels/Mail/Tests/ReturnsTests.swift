import AlertModel
import Chance
import ChannelKit
import ChannelKitTesting
import Curl
import Foundation
import Synchronization
import Testing

@testable import Mail

@Suite("What comes back from a mail server", .timeLimit(.minutes(2)))
struct ReturnsTests {
    /// A report as RFC 3464 has it in its appendix, with the parts a server varies.
    static func report(
        to: String = "bousai+a23456789abcdefghijkm@city.example.jp", action: String = "failed", status: String = "5.1.1", recipient: String = "all@list.example.jp",
        diagnostic: String? = "smtp; 550 5.1.1 no such user", boundary: String = "B_1", end: String = "\r\n", more: [String] = []
    ) -> [UInt8] {
        let fold = end + "\t"
        var lines = [
            "Return-Path: <>", "Delivered-To: \(to)", "From: Mail Delivery System <MAILER-DAEMON@mx.example.jp>", "To: \(to)", "Subject: Undelivered Mail",
            "MIME-Version: 1.0", "Content-Type: multipart/report; report-type=delivery-status;\(fold)boundary=\"\(boundary)\"", "", "for people: --no boundary", "--\(boundary)",
            "Content-Type: text/plain; charset=us-ascii", "", "It could not be delivered.", "", "--\(boundary)", "Content-Description: Delivery report",
            "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example.jp", "Arrival-Date: Wed, 1 Apr 2026 09:00:00 +0900", "",
            "Final-Recipient: rfc822; \(recipient)", "Original-Recipient: rfc822;\(recipient)", "Action: \(action)", "Status: \(status)",
        ]
        if let diagnostic { lines.append("Diagnostic-Code: \(diagnostic)") }
        lines += more + ["", "--\(boundary)", "Content-Type: message/rfc822", "", "Subject: Final-Recipient: rfc822; other@x.jp", "", "Action: delivered", "--\(boundary)--", ""]
        return Array(lines.joined(separator: end).utf8)
    }

    @Test("A report is read as it is written, with either line end, folded, in any case of letters", arguments: 0..<150)
    func readsWhatIsWritten(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        func any(_ choices: [String]) -> String { choices.randomElement(using: &dice) ?? "" }
        let action = DeliveryReport.Action.allCases.randomElement(using: &dice) ?? .failed
        let kind = action == .failed ? any(["4", "5"]) : action == .delayed ? "4" : "2"
        let status = "\(kind).\(Int.random(in: 0...7, using: &dice)).\(Int.random(in: 0...999, using: &dice))"
        let recipient = any(["all@list.example.jp", "a.b+c@x.jp", "x@" + String(repeating: "a", count: 200) + ".jp"])
        let words = any(["smtp; 550 no", "smtp;550-5.1.1 a\n 550 b", "x-unix; say: \"no\"", "利用者がいません"])
        let end = any(["\r\n", "\n"])
        let octets = Self.report(
            action: any([action.rawValue, action.rawValue.uppercased()]), status: status + any(["", " (bad address)"]), recipient: recipient,
            diagnostic: words.replacing("\n", with: end), boundary: any(["B_1", "=_x/y?z:1", String(repeating: "b", count: 70)]), end: end)
        let report = try DeliveryReport(octets)
        #expect(report.arrivedAt.allSatisfy { $0 == "bousai+a23456789abcdefghijkm@city.example.jp" } && report.arrivedAt.count == 2)
        #expect(report.recipients.map(\.action) == [action] && report.recipients.map(\.status) == [status] && report.recipients.map(\.address) == [recipient])
        #expect(report.gravest?.diagnostic?.contains { $0.isNewline } == false)
    }

    @Test("What is no report, says a thing twice, contradicts itself or is too long is not read", arguments: [
        Array("Subject: hello\r\n\r\nFinal-Recipient: rfc822; a@b.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n".utf8), [], Array("\r\n".utf8), [0xFF, 0xFE], Array("To: a\0b\r\n\r\n".utf8),
        report(action: "failed", status: "2.0.0"), report(action: "delivered", status: "5.1.1"), report(action: "delayed", status: "5.0.0"), report(action: "lost"), report(status: "5.1"),
        report(status: "6.1.1"), report(status: "5.1.1x"), report(recipient: "nobody"), report(recipient: "a@b@c"), report(recipient: "a b@c.jp"), report(more: ["Action: delivered"]),
        report(more: ["Status: 2.0.0"]), report(boundary: String(repeating: "b", count: 71)), report(diagnostic: "smtp; " + String(repeating: "x", count: 5000)),
        report() + [UInt8](repeating: 0x0A, count: 300_000), Array(String(decoding: report(), as: UTF8.self).replacing("delivery-status;", with: "disposition-notification;").utf8),
        Array(String(decoding: report(), as: UTF8.self).replacing("Reporting-MTA", with: "X-Reporting").utf8),
        Array(String(decoding: report(), as: UTF8.self).replacing("message/delivery-status", with: "text/plain").utf8),
    ])
    func refused(octets: [UInt8]) { #expect(throws: DeliveryReport.Unreadable.self) { try DeliveryReport(octets) } }

    @Test("Whatever becomes of its octets, a report is refused or says what may be said", arguments: 0..<1500)
    func mutations(seed: UInt64) {
        var dice = Dice(seed: seed)
        var octets = Self.report()
        for _ in 0..<Int.random(in: 1...6, using: &dice) {
            let place = Int.random(in: 0..<octets.count, using: &dice)
            switch Int.random(in: 0..<5, using: &dice) {
            case 0: octets[place] = UInt8.random(in: .min ... .max, using: &dice)
            case 1: octets.remove(at: place)
            case 2: octets.insert(contentsOf: Array(["\r\n", "\n\n", ":", "--B_1", ";", "<", " ", "\u{3042}"].randomElement(using: &dice)?.utf8 ?? "".utf8), at: place)
            case 3: octets.removeSubrange(place..<min(octets.count, place + Int.random(in: 1...80, using: &dice)))
            default: octets.insert(contentsOf: octets[place..<min(octets.count, place + Int.random(in: 1...80, using: &dice))], at: place)
            }
            if octets.isEmpty { octets = [0] }
        }
        guard let report = try? DeliveryReport(octets) else { return }
        #expect(!report.recipients.isEmpty && report.recipients.count <= 50)
        for one in report.recipients {
            #expect(one.status.wholeMatch(of: /[245]\.\d{1,3}\.\d{1,3}/) != nil)
            #expect(one.address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && one.address.contains("@"))
            #expect((one.action == .failed || one.action == .delayed) != one.status.hasPrefix("2"))
            #expect(one.diagnostic?.contains { $0.isNewline } != true)
        }
    }

    // MARK: From the letter to the log

    /// A channel with a folder of returns, and what it wrote under deliveries.
    final class Desk<M: Mode>: Sendable {
        let box = FileManager.default.temporaryDirectory.appending(component: "noroshi-returns-\(UUID().uuidString)")
        let notebook: MemoryNotebook
        let now = Mutex(Sample.now)
        let remarks = Mutex<[String]>([])
        let transport: CurlTransport

        init(_ notebook: MemoryNotebook = MemoryNotebook()) throws {
            self.notebook = notebook
            transport = try CurlTransport()
            for part in ["new", "cur", "tmp"] { try FileManager.default.createDirectory(at: box.appending(component: part), withIntermediateDirectories: true) }
        }

        func adapter() throws -> Mail<M> {
            try Mail(ChannelSetup(
                settings: [:], transport: transport, stream: RecordingStream(), notebook: notebook, directory: URL(filePath: "/nonexistent"),
                logger: Sample.setup(as: M.self).logger, wallClock: { [self] in now.withLock { $0 } },
                remark: { [self] id, town, words in remarks.withLock { $0.append("\(id.text) \(town.code) \(words)") } }))
        }

        func end(_ server: String, _ more: [String: String] = [:]) -> FarEnd<M> {
            Sample.farEnd(["server": server, "from": "bousai@city.example.jp", "to": "all@list.example.jp", "bounces": box.path].merging(more) { $1 }, as: M.self)
        }

        func deliver(_ end: FarEnd<M>, id: String = "mail-1") async throws -> Receipt {
            let message = Sample.message(as: M.self)
            return try await adapter().deliver(message, Delivery(
                id: DeliveryID(id), alert: message.alert.id, event: message.alert.event, message: message.alert.message, farEnd: end, priority: message.priority,
                attempt: 1, deadline: .now + .seconds(20)))
        }

        func put(_ octets: [UInt8], _ name: String = UUID().uuidString) throws { try Data(octets).write(to: box.appending(path: "new/\(name)")) }
        func names(_ part: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: box.appending(component: part).path).sorted() }
        func reach(_ end: FarEnd<M>) async throws(DeliveryFailure) -> String? {
            let adapter: Mail<M>
            do { adapter = try self.adapter() } catch { throw .misconfigured("\(error)") }
            return try await adapter.reach(end, deadline: .now + .seconds(10))
        }
        func close() async {
            await transport.shutdown()
            try? FileManager.default.removeItem(at: box)
        }
    }

    @Test("Each letter has a return path of its own, the same when it is tried again; the reader sees the town's address")
    func returnPaths() async throws {
        let server = try await FarEndMail(), desk = try Desk<Actual>(), end = desk.end(server.url)
        _ = try await desk.deliver(end)
        _ = try await desk.deliver(end)
        _ = try await desk.deliver(end, id: "mail-2")
        // The server drops a second letter of the same name, and hears its envelope all the same.
        let paths = server.commands.filter { $0.hasPrefix("MAIL FROM:") }.compactMap { $0.split(separator: ">").first?.split(separator: "<").last.map(String.init) }
        #expect(paths.count == 3 && paths[0] == paths[1] && paths[0] != paths[2])
        #expect(paths.allSatisfy { $0.wholeMatch(of: /bousai\+a[a-z2-9]{20}@city\.example\.jp/) != nil }, "\(paths)")
        #expect(server.letters.count == 2 && server.letters.allSatisfy { $0.header("From")?.hasSuffix("<bousai@city.example.jp>") == true && $0.text.contains("+a") == false })
        await desk.close()
        await server.stop()
    }

    @Test("An address that does not exist stands under the delivery and among those who do not hear, until it is another or a letter arrives")
    func noSuchAddress() async throws {
        let server = try await FarEndMail(), desk = try Desk<Actual>(), end = desk.end(server.url)
        _ = try await desk.deliver(end)
        let path = try #require(server.letters.first).from
        #expect(try await desk.reach(end)?.contains("答えました") == true)
        try desk.put(Self.report(to: path, diagnostic: "smtp; 550 5.1.1 <taro.yamada@example.jp> unknown, see all@list.example.jp"))
        try desk.put(Self.report(to: "bousai@city.example.jp"), "stranger")
        try desk.put(Self.report(to: "bousai+a23456789abcdefghijkm@city.example.jp"), "forged")
        try desk.put(Array("Subject: 自動返信\n\n不在です\n".utf8), "answer")
        let failure = await #expect(throws: DeliveryFailure.self) { _ = try await desk.reach(end) }
        guard case .rejected(let words)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(words.hasPrefix("all@list.example.jp: 宛先が存在しません") && words.contains("2026-04-01T09:00:00+09:00"))
        let remarks = desk.remarks.withLock { $0 }
        #expect(remarks.count == 1 && remarks[0].hasPrefix("mail-1 \(Sample.town.id.code) all@list.example.jp: 宛先が存在しません"))
        #expect(remarks[0].contains("5.1.1") && !remarks[0].contains("taro"), "a reader's address is nobody's business: \(remarks)")
        // What was said is gone; the rest lies where a person finds it.
        #expect(try desk.names("new").isEmpty && desk.names("cur") == ["answer:2,", "forged:2,", "stranger:2,"])
        // After a restart too; another address is another question.
        #expect(try await desk.reach(desk.end(server.url, ["to": "new@list.example.jp"]))?.contains("答えました") == true)
        await #expect(throws: DeliveryFailure.self) { _ = try await desk.reach(end) }
        try desk.put(Self.report(to: path.uppercased(), action: "delivered", status: "2.0.0", diagnostic: nil))
        #expect(try await desk.reach(end)?.contains("答えました") == true)
        #expect(desk.remarks.withLock { $0.last }?.contains("受信箱に届きました") == true)
        await desk.close()
        await server.stop()
    }

    @Test("A delay is said and silences nobody; a week later a failure is old; a drill's report waits for the drill's adapter; a folder that is not there is said")
    func others() async throws {
        let server = try await FarEndMail(), desk = try Desk<Actual>(), end = desk.end(server.url)
        _ = try await desk.deliver(end)
        let path = try #require(server.letters.first).from
        try desk.put(Self.report(to: path, action: "delayed", status: "4.4.1"))
        #expect(try await desk.reach(end)?.contains("答えました") == true)
        #expect(desk.remarks.withLock { $0.last }?.contains("まだ届けられていません") == true)
        try desk.put(Self.report(to: path, status: "5.2.2"))
        await #expect(throws: DeliveryFailure.self) { _ = try await desk.reach(end) }
        desk.now.withLock { $0 += ReturnPaths.lasts + 1 }
        #expect(try await desk.reach(end)?.contains("答えました") == true)
        let drill = try Desk<Exercise>(), there = Sample.farEnd(end.settings, as: Exercise.self)
        _ = try await drill.deliver(there, id: "drill-1")
        try desk.put(Self.report(to: try #require(server.letters.last).from), "drill")
        _ = try await desk.reach(end)
        #expect(try desk.names("new") == ["drill"])
        await #expect(throws: DeliveryFailure.self) { _ = try await drill.reach(there) }
        #expect(try desk.names("new").isEmpty && drill.remarks.withLock { $0.count } == 1)
        let failure = await #expect(throws: DeliveryFailure.self) { _ = try await desk.reach(desk.end(server.url, ["bounces": "/nowhere"])) }
        guard case .misconfigured? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        await desk.close()
        await drill.close()
        await server.stop()
    }

    @Test("Letters under way are bounded: the oldest word is forgotten, and its report is a stranger's")
    func bound() throws {
        let paths = ReturnPaths(MemoryNotebook(), .actual)
        func entry(_ number: Int) -> ReturnPaths.Entry { .init(delivery: "d\(number)", town: "042056", end: "e", to: "a@b.jp", sent: 1000 + Double(number)) }
        let all = (0...ReturnPaths.limit).map { paths.path("x@y.jp", of: entry($0)) }
        #expect(Set(all).count == all.count)
        #expect(paths.entry(all[0]) == nil && paths.entry(all[1]) == entry(1) && paths.entry(all[ReturnPaths.limit]) == entry(ReturnPaths.limit))
        for odd in ["x@y.jp", "x+@y.jp", "x+a@y.jp", "x+" + String(repeating: "a", count: 21) + "@y.jp", "", "+@", "x+../../../etc/passwd@y.jp"] { #expect(paths.entry(odd) == nil) }
    }

    @Test("Settings: an absolute folder, and a name before the @ that leaves room for a word", arguments: [
        (["bounces": "/var/mail/returns"], true), (["bounces": "returns"], false), (["bounces": ""], false), (["bounces": "/a\nb"], false),
        (["bounces": "/a", "from": "bousai+x@city.example.jp"], false), (["bounces": "/a", "from": String(repeating: "b", count: 43) + "@city.example.jp"], false),
        (["bounces": "/a", "from": String(repeating: "b", count: 42) + "@city.example.jp"], true),
    ])
    func settings(change: [String: String], isGood: Bool) {
        let good = ["server": "smtps://mail.example.jp:465", "from": "bousai@city.example.jp", "to": "all@list.example.jp"]
        #expect(((try? MailSettings(good.merging(change) { $1 })) != nil) == isGood)
    }

    /// Debian's own, which has what `apt` has brought.
    private static let python = "/usr/bin/python3"
    private static let hasPeer = FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/aiosmtpd")

    @Test("Somebody else's server takes the letter and returns it, in somebody else's words, into somebody else's Maildir", .enabled(if: hasPeer, "apt install python3-aiosmtpd"), arguments: [
        ("failed", "5.1.1"), ("delayed", "4.4.1"), ("delivered", "2.0.0"),
    ])
    func peer(action: String, status: String) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Tests/independent/return_mail.py").standardized.path
        let desk = try Desk<Actual>()
        let child = try ChildProcess(Self.python, [script, desk.box.path, action, status], output: .lines)
        var lines = try #require(child.lines).makeAsyncIterator()
        let port = try #require(await lines.next()?.split(separator: " ").last)
        let end = desk.end("smtp://127.0.0.1:\(port)")
        #expect(try await desk.deliver(end).note?.hasPrefix("250") == true)
        #expect(await lines.next() == "returned")
        let word = await Result { () async throws(DeliveryFailure) in try await desk.reach(end) }
        switch (action, word) {
        case ("failed", .failure(.rejected(let words))): #expect(words.contains("宛先が存在しません"))
        case ("delayed", .success(let words)), ("delivered", .success(let words)): #expect(words?.contains("答えました") == true)
        default: Issue.record("\(action): \(word)")
        }
        #expect(desk.remarks.withLock { $0 }.count == 1)
        #expect(try desk.names("new").isEmpty)
        child.end()
        await desk.close()
    }
}

extension Result where Failure == DeliveryFailure {
    fileprivate init(_ ask: () async throws(DeliveryFailure) -> Success) async {
        do throws(DeliveryFailure) { self = .success(try await ask()) } catch { self = .failure(error) }
    }
}
