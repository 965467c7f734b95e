import ChannelKitTesting
import Glibc
@testable import Receiving
import Testing

@Suite("A folder as a way in", .timeLimit(.minutes(1)))
struct FolderSourceTests {
    let scratch: Scratch
    let clock = NapClock()

    init() throws { scratch = try Scratch() }

    func source(_ hub: Witness, notices: Bool = true, sizeLimit: Int = 8 << 20) -> FolderSource {
        var settings = FolderSource.Settings(path: scratch.path)
        settings.usesNotices = notices
        settings.sizeLimit = sizeLimit
        settings.patience = .seconds(600)
        return FolderSource(settings, sink: hub, watch: hub, clock: SourceClock(clock))
    }

    func turn(until tally: Tally, _ count: Int) async { await clock.turn(until: tally, count, by: .seconds(60)) }

    @Test("Takes what is there at the start once two looks find it unchanged", arguments: [true, false])
    func present(notices: Bool) async throws {
        try scratch.write("<one/>", "one.xml")
        try scratch.write("half", "two.xml.part")
        try scratch.write("half", "two.tmp")
        try scratch.write("hidden", ".three.xml")
        try scratch.write("", "empty.xml")
        let hub = Witness()
        try await running(source(hub, notices: notices)) {
            await turn(until: hub.hearings, 1)
        }
        #expect(hub.names == ["one.xml"])
        #expect(hub.handed.first?.source == "folder:\(scratch.path)")
        #expect(hub.expected == ["folder:\(scratch.path)": .seconds(600)])
        #expect(scratch.list("done") == ["one.xml"])
        #expect(scratch.list() == [".three.xml", "done", "empty.xml", "two.tmp", "two.xml.part"])
    }

    @Test("Takes a file when it is closed or moved in, without the clock")
    func notices() async throws {
        let hub = Witness()
        try await running(source(hub)) {
            await clock.sleeps(1)
            try scratch.write("<one/>", "one.xml")
            await hub.hearings.reaches(1)
            try scratch.moveIn("<two/>", "two.xml")
            await hub.hearings.reaches(2)
        }
        #expect(hub.handed.map(\.text) == ["<one/>", "<two/>"])
        #expect(scratch.list("done") == ["one.xml", "two.xml"])
    }

    @Test("Leaves a file alone while its writer has it open")
    func open() async throws {
        let hub = Witness()
        try await running(source(hub)) {
            await clock.sleeps(1)
            let file = fopen("\(scratch.path)/slow.xml", "w")
            fputs("<half>", file)
            fflush(file)
            try scratch.moveIn("<other/>", "other.xml")
            await hub.hearings.reaches(1)
            #expect(hub.names == ["other.xml"])
            fputs("</half>", file)
            fclose(file)
            await hub.hearings.reaches(2)
        }
        #expect(hub.handed.last?.text == "<half></half>")
    }

    @Test("A refused file is put aside with the reason beside it, and one that is too large is not even read")
    func refused() async throws {
        let hub = Witness { _ in .refused("no bulletin") }
        try await running(source(hub, sizeLimit: 10)) {
            await clock.sleeps(1)
            try scratch.moveIn("nonsense", "bad.xml")
            await hub.hearings.reaches(1)
            try scratch.moveIn("much longer than ten", "large.xml")
            await hub.hearings.reaches(2)
        }
        #expect(hub.names == ["bad.xml"])
        #expect(scratch.list("refused") == ["bad.xml", "bad.xml.reason", "large.xml", "large.xml.reason"])
        #expect(scratch.text("refused/bad.xml.reason") == "no bulletin\n")
        #expect(scratch.text("refused/large.xml.reason") == "20オクテットあり、読める上限10を超えます (too long)\n")
    }

    @Test("A file whose bulletin was not recorded stays, raises trouble, and is offered again")
    func notRecorded() async throws {
        let hub = Witness { _ in .notRecorded("disk full") }
        try await running(source(hub)) {
            await clock.sleeps(1)
            try scratch.moveIn("<one/>", "one.xml")
            await hub.troubled.reaches(1)
            #expect(scratch.list().contains("one.xml"))
            hub.behave { _ in .accepted }
            await turn(until: hub.hearings, 1)
        }
        #expect(hub.troubles == ["folder:\(scratch.path): one.xml stays: disk full"])
        #expect(hub.handed.count == 2)
        #expect(scratch.list("done") == ["one.xml"])
    }

    @Test("A name that comes again is another file, and overwrites none")
    func sameName() async throws {
        let hub = Witness { $0.text == "<b/>" ? .duplicate : .accepted }
        try await running(source(hub)) {
            await clock.sleeps(1)
            for (number, text) in ["<a/>", "<b/>", "<c/>"].enumerated() {
                try scratch.moveIn(text, "one.xml")
                await hub.hearings.reaches(number + 1)
            }
        }
        #expect(scratch.list("done") == ["one.xml", "one.xml.2", "one.xml.3"])
    }

    @Test("A file that cannot be moved away is taken once, and the operator hears of it")
    func stuck() async throws {
        try scratch.write("a file where the folder should be", "done")
        try scratch.write("<one/>", "one.xml")
        let hub = Witness { $0.name == "done" ? .notRecorded("not yet") : .accepted }
        try await running(source(hub, notices: false)) {
            await turn(until: hub.taken, 5)
        }
        #expect(hub.names.filter { $0 == "one.xml" }.count == 1)
        #expect(hub.troubles.contains { $0.contains("\(scratch.path)/done") })
    }

    @Test("A link is not followed")
    func link() async throws {
        symlink("/etc/passwd", "\(scratch.path)/link.xml")
        let hub = Witness()
        try await running(source(hub)) {
            await clock.sleeps(1)
            try scratch.moveIn("<one/>", "one.xml")
            await turn(until: hub.hearings, 1)
        }
        #expect(hub.names == ["one.xml"])
    }

    @Test("A folder that is not there is trouble, and is watched once it is")
    func missing() async throws {
        let hub = Witness()
        rmdir(scratch.path)
        try await running(source(hub)) {
            await hub.troubled.reaches(1)
            mkdir(scratch.path, 0o700)
            await turn(until: hub.hearings, 1)
            try scratch.moveIn("<one/>", "one.xml")
            await turn(until: hub.taken, 1)
        }
        #expect(hub.names == ["one.xml"])
    }

    @Test("A folder that is moved away and back is found again")
    func moved() async throws {
        let hub = Witness()
        try await running(source(hub)) {
            await clock.sleeps(1)
            rename(scratch.path, scratch.path + "-elsewhere")
            await turn(until: hub.troubled, 1)
            rename(scratch.path + "-elsewhere", scratch.path)
            await turn(until: hub.hearings, 1)
            try scratch.moveIn("<one/>", "one.xml")
            await turn(until: hub.taken, 1)
        }
        #expect(hub.names == ["one.xml"])
    }
}
