import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Foundation
import Testing

@testable import Mail

@Suite("Mail", .timeLimit(.minutes(3)))
struct MailTests {
    private func deliver<M: Mode>(
        _ message: Message<M>, settings extra: [String: String] = [:], id: String = "mail-1", _ script: @escaping FarEndMail.Script = { _ in nil }
    ) async throws -> (outcome: Result<Receipt, DeliveryFailure>, letters: [FarEndMail.Letter], commands: [String]) {
        let server = try await FarEndMail()
        server.behave(script)
        let transport = try CurlTransport()
        let adapter = try Mail<M>(ChannelSetup(
            settings: [:], transport: transport, stream: RecordingStream(), notebook: MemoryNotebook(),
            directory: URL(filePath: "/nonexistent"), logger: Sample.setup(as: M.self).logger, wallClock: { Sample.now }))
        var settings = ["server": server.url, "from": "bousai@city.sakura.example.jp", "to": "all@list.sakura.example.jp"]
        settings.merge(extra) { $1 }
        let delivery = Delivery(
            id: DeliveryID(id), alert: message.alert.id, event: message.alert.event, message: message.alert.message, farEnd: Sample.farEnd(settings, as: M.self),
            priority: message.priority, attempt: 1, deadline: .now + .seconds(20))
        let outcome: Result<Receipt, DeliveryFailure>
        do throws(DeliveryFailure) {
            outcome = .success(try await adapter.deliver(message, delivery))
        } catch {
            outcome = .failure(error)
        }
        await transport.shutdown()
        await server.stop()
        return (outcome, server.letters, server.commands)
    }

    private func text(_ letter: FarEndMail.Letter) throws -> String {
        String(decoding: try #require(Data(base64Encoded: letter.body, options: .ignoreUnknownCharacters)), as: UTF8.self)
    }

    @Test("An alert is one letter that every reader can read, from the town to the list")
    func letter() async throws {
        let message = Sample.message(as: Actual.self)
        let (outcome, letters, commands) = try await deliver(message, settings: ["unsubscribe": "https://city.sakura.example.jp/mail/off"])
        let receipt = try outcome.get()
        let letter = try #require(letters.first)
        #expect(letters.count == 1 && letter.from == "bousai@city.sakura.example.jp" && letter.to == "all@list.sakura.example.jp")
        #expect(commands.first == "EHLO city.sakura.example.jp", "\(commands)")
        #expect(receipt.reference == letter.header("Message-ID") && receipt.note == "250 2.0.0 taken")
        #expect(letter.header("From") == "\(Letter.encoded(message.town.name)) <bousai@city.sakura.example.jp>")
        #expect(ListServer.plain(letter.header("Subject") ?? "") == message.texts[.japanese]?.title)
        #expect(letter.header("Date") == "Wed, 01 Apr 2026 09:00:00 +0900")
        #expect(letter.header("Auto-Submitted") == "auto-generated")
        #expect(letter.header("List-Unsubscribe") == "<https://city.sakura.example.jp/mail/off>")
        #expect(letter.header("Content-Language") == "ja")
        let text = try text(letter)
        #expect(text.hasPrefix((message.texts[.japanese]?.body ?? "-").replacing("\n", with: "\r\n")))
        #expect(text.contains("登録をやめる: https://city.sakura.example.jp/mail/off"))
        #expect(letter.text.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 }, "no line is longer than RFC 5322 would have it")
    }

    @Test("The languages that the town chose stand under each other, in its order")
    func languages() async throws {
        let message = Sample.message(as: Actual.self)
        let (_, letters, _) = try await deliver(message, settings: ["languages": "en, ja"])
        let letter = try #require(letters.first)
        #expect(ListServer.plain(letter.header("Subject") ?? "") == message.texts[.english]?.title)
        let (text, title) = (try text(letter), try #require(message.texts[.japanese]?.title))
        #expect(try #require(text.range(of: "――――")).lowerBound < #require(text.range(of: title)).lowerBound)
    }

    @Test("What follows is in one conversation with the first, and is no second copy of it")
    func conversation() async throws {
        let (_, first, _) = try await deliver(Sample.message(as: Actual.self))
        let (_, cancel, _) = try await deliver(Sample.message(.cancel, as: Actual.self), id: "mail-2")
        let (one, two) = (try #require(first.first), try #require(cancel.first))
        #expect(one.header("References") == two.header("References") && one.header("References")?.contains("@") == true)
        #expect(one.header("In-Reply-To") == nil && two.header("In-Reply-To") == two.header("References"))
        #expect(one.header("Message-ID") != two.header("Message-ID"))
    }

    @Test("A drill says so in its first word")
    func drill() async throws {
        let (_, letters, _) = try await deliver(Sample.message(as: Exercise.self))
        let letter = try #require(letters.first)
        #expect(ListServer.plain(letter.header("Subject") ?? "").contains("訓練"))
        #expect(try text(letter).contains("訓練"))
    }

    @Test("What each answer means", arguments: [
        ("CONNECT", "421 too many", "unavailable"), ("CONNECT", "554 not you", "rejected"), ("MAIL", "451 later", "unavailable"), ("MAIL", "530 log in first", "misconfigured"),
        ("RCPT", "450 greylisted", "unavailable"), ("RCPT", "452 4.2.2 full", "unavailable"), ("RCPT", "550 no such list", "rejected"), ("DATA", "554 no", "rejected"),
        ("END", "451 4.7.1 later", "unavailable"), ("END", "554 5.7.1 spam", "rejected"), ("END", "250 queued as 7", "delivered"),
    ])
    func answers(step: String, words: String, meaning: String) async throws {
        let (outcome, letters, _) = try await deliver(Sample.message(as: Actual.self)) { $0 == step ? .say(words) : nil }
        let found =
            switch outcome {
            case .success: "delivered"
            case .failure(.unavailable(let reason)): reason.contains(words.prefix(3)) ? "unavailable" : "unavailable without its words: \(reason)"
            case .failure(.throttled): "throttled"
            case .failure(.rejected(let reason)): reason.contains(words.prefix(3)) ? "rejected" : "rejected without its words: \(reason)"
            case .failure(.misconfigured): "misconfigured"
            case .failure(.cancelled): "cancelled"
            }
        #expect(found == meaning, "\(outcome)")
        #expect(letters.count == (meaning == "delivered" ? 1 : 0))
    }

    @Test("A line break or a strange character in what people write begins no header and no letter of its own")
    func injection() {
        for text in ["a\r\nBcc: x@y.jp", "a\nb", "\r\n.\r\nMAIL FROM:<x@y.jp>", "絵文字👨‍👩‍👧‍👦と長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い長い題", ""] {
            let written = Letter.encoded(text)
            #expect(written.split(separator: "\r\n ").allSatisfy { $0.hasPrefix("=?UTF-8?B?") && $0.utf8.count <= 75 || text.contains("👨") && $0.utf8.count < 120 }, "\(written)")
            #expect(ListServer.plain(written.replacing("\r\n", with: "")) == text.filter { !$0.isNewline })
        }
    }

    @Test("Beyond this machine nothing is sent over a line that stays open to others; a login is never repeated")
    func settings() throws {
        let good = ["server": "smtps://mail.sakura.example.jp:465", "from": "bousai@city.sakura.example.jp", "to": "all@list.sakura.example.jp"]
        #expect(try MailSettings(good).mustBeSecret)
        #expect(try !MailSettings(good.merging(["server": "smtp://127.0.0.1:2525"]) { $1 }).mustBeSecret)
        for change in [
            ["server": "mail.sakura.example.jp"], ["server": "smtp://"], ["server": "smtp://user:secret@mail.example"], ["server": "smtp://mail.example/x"],
            ["from": "さくら市"], ["from": "a@b.jp\r\nRCPT TO:<x@y.jp>"], ["to": "a@b.jp,c@d.jp"], ["to": "<a@b.jp>"], ["to": ""],
            ["user": "town"], ["password": "secret"], ["user": "town", "password": "sec\nret"], ["unsubscribe": "http://x"], ["unsubscribe": "https://x>\r\nBcc: y"],
            ["languages": "xx"], ["languages": "ja,ja"], ["languages": ""],
        ] {
            do {
                _ = try MailSettings(good.merging(change) { $1 })
                Issue.record("accepted: \(change)")
            } catch {
                #expect(!error.reason.contains("secret") && !error.reason.contains("sec\nret"), "\(error)")
            }
        }
    }

    @Test("A server that cannot make its line secret is told nothing, not even who writes")
    func openLine() async throws {
        let server = try await FarEndMail()
        let transport = try CurlTransport()
        let call = MailCall(url: server.url, envelope: ("a@b.jp", "c@d.jp"), message: Array("x\r\n".utf8), login: ("town", "secret"), mustBeSecret: true)
        await #expect {
            _ = try await transport.mail(call, deadline: .now + .seconds(10))
        } throws: { error in
            if case TransportFailure.refused = error { true } else { false }
        }
        #expect(server.letters.isEmpty && !server.commands.contains { $0.hasPrefix("MAIL") || $0.hasPrefix("AUTH") })
        await transport.shutdown()
        await server.stop()
    }

    @Test("The link test asks whether somebody is there, and sends nothing")
    func reach() async throws {
        let server = try await FarEndMail()
        let transport = try CurlTransport()
        let setup = ChannelSetup<Actual>(
            settings: [:], transport: transport, stream: RecordingStream(), notebook: MemoryNotebook(), directory: URL(filePath: "/nonexistent"),
            logger: Sample.setup(as: Actual.self).logger, wallClock: { Sample.now })
        let end = Sample.farEnd(["server": server.url, "from": "a@b.jp", "to": "c@d.jp"], as: Actual.self)
        #expect(try await Mail<Actual>(setup).reach(end, deadline: .now + .seconds(10))?.contains("答えました") == true)
        #expect(server.letters.isEmpty && server.commands.contains("NOOP") && !server.commands.contains { $0.hasPrefix("MAIL") })
        await server.goDown()
        await #expect(throws: DeliveryFailure.self) { try await Mail<Actual>(setup).reach(end, deadline: .now + .seconds(10)) }
        await transport.shutdown()
        await server.stop()
    }

    /// Debian's own, which has what `apt` has brought.
    private static let python = "/usr/bin/python3"
    private static let hasPeer = FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/aiosmtpd")

    @Test("Somebody else's server takes it, and somebody else's reader shows what was written", .enabled(if: hasPeer, "apt install python3-aiosmtpd"))
    func peer() async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Tests/independent/receive_mail.py").standardized.path
        let child = try ChildProcess(Self.python, [script], output: .lines)
        var lines = try #require(child.lines).makeAsyncIterator()
        let port = try #require(await lines.next()?.split(separator: " ").last)
        let message = Sample.message(as: Actual.self)
        let (outcome, _, _) = try await deliver(message, settings: ["server": "smtp://127.0.0.1:\(port)", "languages": "ja, en"])
        #expect(try outcome.get().note?.hasPrefix("250") == true)
        struct Read: Decodable {
            var from: String, to: [String], subject: String, sender: String, date: String, body: String, defects: [String]
        }
        let read = try JSONDecoder().decode(Read.self, from: Data(try #require(await lines.next()).utf8))
        #expect(read.from == "bousai@city.sakura.example.jp" && read.to == ["all@list.sakura.example.jp"] && read.defects.isEmpty)
        #expect(read.subject == message.texts[.japanese]?.title)
        #expect(read.sender == "\(message.town.name) <bousai@city.sakura.example.jp>")
        #expect(read.date == "2026-04-01T09:00:00+09:00")
        #expect(read.body.replacing("\r\n", with: "\n").contains(message.texts[.english]?.body ?? "-"))
        child.end()
    }

    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self) }

    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type) async throws {
        let transport = try CurlTransport()
        try await ChannelConformance<Mail<M>>(transport: transport) { ListServer() }.verify(check)
        await transport.shutdown()
    }
}
