import ChannelKitTesting
import Glibc
import NIOCore
import NIOPosix
@testable import Receiving
import Synchronization
import Testing

/// Sentences made here: the form of `$QZQSM`, with messages that say nothing.
enum Made {
    static func sentence(_ number: Int, satellite: Int = 55, preamble: String = "53", crc: String = "000000") -> String {
        // 63 digits: preamble, 54 and a half of message, CRC-24 beginning in the middle of digit 56, two bits of padding.
        let digits = String(number, radix: 16, uppercase: true)
        let message = String(repeating: "0", count: 54 - digits.count) + digits
        return sealed("QZQSM,\(satellite),\(preamble)\(message)0\(crc)")
    }
    static func sealed(_ text: String) -> String {
        let sum = String(text.utf8.reduce(0, ^), radix: 16, uppercase: true)
        return "$\(text)*\(sum.count < 2 ? "0" : "")\(sum)"
    }
    static let position = sealed("GNGGA,071312.00,3854.1,N,14134.2,E,1,12,0.7,20.1,M,38.0,M,,")
}

/// A pseudo terminal: what is written to `master` arrives at the serial port `path`.
final class Terminal: Sendable {
    let master: Int32
    let path: String
    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (lock, number): (Int32, Int32) = (0, -1)
        // TIOCSPTLCK and TIOCGPTN of asm-generic/ioctls.h: unlock, and which one it is.
        let isThere = master >= 0 && ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0
        try #require(isThere)
        path = "/dev/pts/\(number)"
    }
    func write(_ text: String) { _ = Glibc.write(master, text, text.utf8.count) }
    func unplug() { close(master) }
}

@Suite("A QZSS receiver as a way in", .timeLimit(.minutes(1)))
struct SentenceSourceTests {
    let clock = NapClock()
    let hub = Witness()

    func source(_ port: ReceiverPort) throws -> SentenceSource {
        try SentenceSource(SentenceSource.Settings(port: port), sink: hub, watch: hub, clock: SourceClock(clock))
    }

    func turn(until tally: Tally, _ count: Int) async { await clock.turn(until: tally, count, by: .seconds(60)) }

    @Test("Reads a serial port: raw, at its speed, only disaster reports, and every sentence says that it is alive")
    func serial() async throws {
        let terminal = try Terminal()
        try await running(source(.serial(path: terminal.path, baud: 115_200))) {
            await clock.sleeps(1)
            var mode = termios()
            #expect(tcgetattr(terminal.master, &mode) == 0)
            #expect(cfgetospeed(&mode) == speed_t(B115200))
            #expect(mode.c_lflag & tcflag_t(ICANON | ECHO) == 0)
            terminal.write("\(Made.position)\r\n")
            await hub.hearings.reaches(1)
            terminal.write("\u{1}\u{2}garbage\(Made.sentence(1))\r\nhalf $QZQ\(Made.sentence(2))\r\n")
            await hub.taken.reaches(2)
        }
        #expect(hub.handed.map(\.text) == [Made.sentence(1), Made.sentence(2)])
        #expect(hub.handed[0].source == "qzss:\(terminal.path)")
        #expect(hub.expected == ["qzss:\(terminal.path)": .seconds(30)])
        terminal.unplug()
    }

    @Test("A receiver that is unplugged is trouble, and found again when it is back")
    func unplugged() async throws {
        let scratch = try Scratch()
        let (first, second) = (try Terminal(), try Terminal())
        let path = "\(scratch.path)/gnss"
        symlink(first.path, path)
        try await running(source(.serial(path: path, baud: 9600))) {
            await clock.sleeps(1)
            first.write("\(Made.sentence(1))\n")
            await hub.taken.reaches(1)
            first.unplug()
            await hub.troubled.reaches(1)
            unlink(path)
            symlink(second.path, path)
            second.write("\(Made.sentence(2))\n")
            await turn(until: hub.taken, 2)
        }
        #expect(hub.handed.map(\.text) == [Made.sentence(1), Made.sentence(2)])
        second.unplug()
    }

    @Test("Reads TCP, and connects again when the line is cut or silent")
    func tcp() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [hub] channel in
                // By what has arrived: a connection that is left early takes no sentence with it.
                let count = hub.handed.count
                let line = count < 3 ? Made.sentence(count + 1) : Made.position
                let isFirst = count == 0
                // Any order will do: the line is open when its bytes arrive.
                channel.eventLoop.execute {
                    channel.writeAndFlush(ByteBuffer(string: line + "\r\n")).whenComplete { _ in
                        if isFirst { channel.close(promise: nil) }
                    }
                }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        try await running(source(.tcp(host: "127.0.0.1", port: port))) {
            await hub.taken.reaches(1)
            await hub.troubled.reaches(1)
            await turn(until: hub.taken, 2)
            await turn(until: hub.taken, 3)
        }
        #expect(hub.handed.map(\.text) == [1, 2, 3].map { Made.sentence($0) })
        #expect(hub.troubles.contains("qzss:127.0.0.1:\(port): 相手が接続を閉じました (the far end closed it)"))
        #expect(hub.troubles.contains("qzss:127.0.0.1:\(port): 60秒、何も届いていません (silent)"))
        try await server.close()
    }

    @Test("Nobody at the far end is trouble", arguments: [
        ReceiverPort.tcp(host: "127.0.0.1", port: 1), .serial(path: "/dev/null", baud: 9600),
        .serial(path: "/nowhere/tty", baud: 9600), .file(path: "/nowhere/fifo"),
    ])
    func nobody(port: ReceiverPort) async throws {
        try await running(source(port)) { await turn(until: hub.troubled, 3) }
        #expect(hub.handed.isEmpty)
        #expect(hub.hearings.count == 0)
    }

    @Test("A FIFO outlives its writers")
    func fifo() async throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/fifo"
        mkfifo(path, 0o600)
        try await running(source(.file(path: path))) {
            for number in 1...2 {
                try scratch.append("\(Made.sentence(number))\n", "fifo")
                await hub.taken.reaches(number)
            }
        }
        #expect(hub.handed.map(\.text) == [Made.sentence(1), Made.sentence(2)])
        #expect(hub.troubles.isEmpty)
    }

    @Test("A file that grows is read on from where it ended")
    func growing() async throws {
        let scratch = try Scratch()
        try scratch.write("# a recording\n\(Made.sentence(1))\n\(Made.sentence(2))\n", "log")
        try await running(source(.file(path: "\(scratch.path)/log"))) {
            await hub.taken.reaches(2)
            try scratch.append("\(Made.sentence(3))\n", "log")
            await turn(until: hub.taken, 3)
        }
        #expect(hub.handed.map(\.text) == [1, 2, 3].map { Made.sentence($0) })
    }

    @Test("What was not recorded is offered again, and holds up nothing else")
    func notRecorded() async throws {
        let scratch = try Scratch()
        hub.behave { $0.text == Made.sentence(1) ? .notRecorded("disk full") : .accepted }
        try scratch.write("\(Made.sentence(1))\n\(Made.sentence(2))\n", "log")
        try await running(source(.file(path: "\(scratch.path)/log"))) {
            await hub.taken.reaches(2)
            hub.behave { _ in .accepted }
            await turn(until: hub.taken, 3)
        }
        #expect(hub.handed.map(\.text) == [1, 2, 1].map { Made.sentence($0) })
    }

    @Test("A speed that no port has is refused at the start")
    func speed() {
        #expect(throws: SentenceSource.SettingsError.self) { try source(.serial(path: "/dev/ttyS0", baud: 12345)) }
    }
}

/// A queue that expectations may change.
final class Desk {
    var queue: SentenceQueue
    init(_ queue: SentenceQueue = SentenceQueue()) { self.queue = queue }
    func offer(_ sentence: NMEASentence, now: ContinuousClock.Instant) -> Bool { queue.offer(sentence, now: now) }
}

@Suite("What a receiver's sentences are made of")
struct SentencePartsTests {
    let now = ContinuousClock.now

    @Test("Octets become sentences, whatever lies between", arguments: [
        ("$A*1\r\n$B*2\r\n", ["$A*1", "$B*2"]), ("noise\n$A*1\n", ["$A*1"]), ("\u{1}$A$B*2\n", ["$B*2"]),
        ("$A*1", []), ("!AIVDM,1*22\n", ["!AIVDM,1*22"]), ("$" + String(repeating: "x", count: 500) + "\n$B*2\n", ["$B*2"]),
    ])
    func lines(text: String, expected: [String]) {
        var whole = NMEALines()
        let atOnce = whole.take(Array(text.utf8))
        #expect(atOnce.map { String(decoding: $0, as: UTF8.self) } == expected)
        var cut = NMEALines()
        var pieces: [[UInt8]] = []
        for octet in text.utf8 { pieces += cut.take([octet]) }
        #expect(pieces.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    func sentence(_ text: String) -> NMEASentence { NMEASentence(Array(text.utf8)) }

    @Test("One message from three satellites, in three preambles, is one; the sum of damaged lines is not")
    func identity() {
        let one = sentence(Made.sentence(7))
        #expect(one.isWhole && one.isDisasterReport)
        #expect(one.identity == sentence(Made.sentence(7, satellite: 58)).identity)
        #expect(one.identity == sentence(Made.sentence(7, preamble: "C6", crc: "ABCDE4")).identity)
        #expect(one.identity != sentence(Made.sentence(8)).identity)
        let damaged = sentence(String(Made.sentence(7).dropLast()) + "x")
        #expect(!damaged.isWhole)
        #expect(damaged.identity != one.identity)
    }

    @Test("A repeat is kept out until ten minutes have passed without one")
    func repeats() {
        let desk = Desk()
        let one = sentence(Made.sentence(1))
        #expect(desk.offer(one, now: now))
        #expect(!desk.offer(one, now: now))
        guard case .handOn(let item) = desk.queue.next(now: now) else { Issue.record("nothing"); return }
        #expect(!desk.offer(sentence(Made.sentence(1, satellite: 58)), now: now))
        desk.queue.settle(item, .accepted, now: now, chance: 0)
        #expect(!desk.offer(one, now: now + .seconds(599)))
        #expect(!desk.offer(one, now: now + .seconds(1100)))
        #expect(desk.offer(one, now: now + .seconds(1701)))
    }

    @Test("A refused sentence does not stand in the way of a whole one that says the same")
    func refusedOne() {
        let desk = Desk()
        #expect(desk.offer(sentence(Made.sentence(1, crc: "FFFFFC")), now: now))
        guard case .handOn(let item) = desk.queue.next(now: now) else { Issue.record("nothing"); return }
        desk.queue.settle(item, .refused("CRC"), now: now, chance: 0)
        #expect(!desk.offer(sentence(Made.sentence(1, crc: "FFFFFC")), now: now))
        #expect(desk.offer(sentence(Made.sentence(1)), now: now))
    }

    @Test("Queue and memory keep their bounds")
    func bounds() {
        let desk = Desk(SentenceQueue(bound: 3, memoryBound: 2))
        for number in 1...5 {
            #expect(desk.offer(sentence(Made.sentence(number)), now: now))
        }
        #expect(desk.queue.count == 3)
        #expect(desk.queue.dropped == 2)
        for number in 3...5 {
            guard case .handOn(let item) = desk.queue.next(now: now) else { Issue.record("nothing"); return }
            #expect(item.sentence == sentence(Made.sentence(number)))
            desk.queue.settle(item, .accepted, now: now + .seconds(number), chance: 0)
        }
        #expect(desk.offer(sentence(Made.sentence(3)), now: now + .seconds(6)))
        #expect(!desk.offer(sentence(Made.sentence(5)), now: now + .seconds(6)))
    }

    @Test("Real recordings have as many messages as their bits say, and no more", .enabled(if: Corpus.path != nil, "no corpus here"), arguments: [
        "qzss/qzqsm_220307.log", "qzss/qzqsm_dcx_240604.log",
    ])
    func corpus(file: String) throws {
        var lines = NMEALines()
        let sentences = try lines.take(#require(Corpus.octets(file))).map { NMEASentence($0) }
        #expect(sentences.count > 90)
        #expect(sentences.allSatisfy { $0.isWhole && $0.isDisasterReport })
        // The message's bits read another way: as a number of 218 bits without preamble and CRC.
        let messages = Set(sentences.map { sentence in
            let digits = sentence.octets.split(separator: UInt8(ascii: ","))[2].prefix(63)
            let bits = digits.flatMap { digit in
                let value = Int(String(UnicodeScalar(digit)), radix: 16) ?? 0
                return (0..<4).map { value >> (3 - $0) & 1 }
            }
            return Array(bits[8..<226])
        })
        #expect(Set(sentences.map(\.identity)).count == messages.count)
        // The older recording is a composed one, and says nothing twice.
        #expect(messages.count < sentences.count || file.contains("220307"))
    }
}
