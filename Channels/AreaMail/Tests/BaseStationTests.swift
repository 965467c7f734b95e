import AlertModel
import CellBroadcast
import ChannelKit
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import AreaMail

/// Down to a real base-station controller: what its terminal lists is what phones under it would hear.
@Suite(
    "Area mail down to osmo-bsc", .serialized, .timeLimit(.minutes(2)),
    .enabled(if: OsmoBSC.isInstalled, "osmo-bsc is not installed (apt install osmo-bsc)"))
struct BaseStationTests {
    let order = "松岩地区に洪水の避難指示を発令しました。松岩川が氾濫するおそれがあります。直ちに高台へ避難してください。"
    let wider = "松岩、鹿折地区に洪水の避難指示を発令しました。川から離れ、直ちに高台へ避難してください。"

    func scene<M: Mode>(_ controller: OsmoBSC, _ mode: M.Type = Actual.self) throws -> Scene<M> {
        var scene = try Scene(FakeCentre(), mode)
        scene.settings = ["protocol": "cbsp", "url": "cbsp://\(controller.address)"]
        return scene
    }

    @Test("An order goes on the air, is updated, and is taken back")
    func life() async throws {
        let controller = try OsmoBSC()
        let scene = try scene(controller)
        let adapter = try scene.adapter()
        let receipt = try await scene.deliver(order, to: adapter)
        #expect(receipt.note?.contains("the controller broadcasts it in all its cells") == true)
        let first = try #require(try await controller.onAir().first)
        #expect(first.identifier == 0xA004 && first.pages == 2 && first.codingScheme == 0x48)
        #expect(receipt.reference == "40964/\(first.serial)")

        try await scene.deliver(wider, to: adapter, revision: 2, message: .update)
        let updated = try await controller.onAir()
        #expect(updated.map(\.serial) == [SerialNumber(encoded: first.serial).updated.encoded])

        try await scene.deliver("", to: adapter, revision: 2, message: .cancel)
        #expect(try await controller.onAir() == [])
        try await scene.deliver("", to: adapter, revision: 2, message: .cancel)
    }

    @Test("An earthquake warning is an ETWS primary notification and then a text")
    func earthquake() async throws {
        let controller = try OsmoBSC()
        let scene = try scene(controller)
        let adapter = try scene.adapter()
        try await scene.deliver("緊急地震速報。強い揺れに備えてください。", to: adapter, kind: .eew, priority: .immediate)
        #expect(controller.log.contains("ETWS Primary Notification"))
        #expect(try await controller.onAir().map(\.identifier) == [0xA001])
        // The second report wakes again, under the same message code.
        try await scene.deliver("緊急地震速報。対象地域を広げます。", to: adapter, revision: 2, kind: .eew, message: .update, priority: .immediate)
        #expect(controller.log.components(separatedBy: "Sent ETWS Primary Notification").count == 3)
        try await scene.deliver("", to: adapter, revision: 2, kind: .eew, message: .cancel, priority: .immediate)
        #expect(try await controller.onAir() == [])
        #expect(!controller.log.contains("no emergency broadcast is currently active"))
    }

    @Test("A controller that lost its power is told again, without anybody asking")
    func powerCut() async throws {
        let controller = try OsmoBSC()
        let scene = try scene(controller)
        let adapter = try scene.adapter()
        try await scene.deliver(order, to: adapter)
        let before = try await controller.onAir()
        controller.kill()
        try controller.start()
        // Its own answer to a question behind the recovery shows that the recovery went before.
        try await scene.deliver(wider, to: adapter, event: "op/042056/2")
        let after = try await controller.onAir()
        #expect(after.count == 2 && Set(after).isSuperset(of: before))
    }

    @Test("After our own restart the update finds its message code, and a controller is told what it lost meanwhile")
    func ownRestart() async throws {
        let controller = try OsmoBSC()
        let scene = try scene(controller)
        try await running(scene.adapter()) { try await scene.deliver(order, to: $0) }
        let before = try #require(try await controller.onAir().first)
        controller.kill()
        try controller.start()
        try await running(scene.adapter()) { try await scene.deliver(wider, to: $0, revision: 2, message: .update) }
        #expect(try await controller.onAir().map(\.serial) == [SerialNumber(encoded: before.serial).updated.encoded])
    }

    /// An adapter at work, and its lines closed afterwards: a controller serves one centre at a time.
    func running<M: Mode>(_ adapter: AreaMail<M>, _ body: (AreaMail<M>) async throws -> Receipt) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await adapter.run() }
            _ = try await body(adapter)
            group.cancelAll()
        }
    }

    @Test("A drill reaches the cell under test identifiers only")
    func drill() async throws {
        let controller = try OsmoBSC()
        let scene = try scene(controller, Exercise.self)
        let adapter = try scene.adapter()
        try await scene.deliver("地震の訓練です。", to: adapter, event: "a", kind: .eew, priority: .immediate)
        try await scene.deliver("避難の訓練です。", to: adapter, event: "b")
        #expect(Set(try await controller.onAir().map(\.identifier)) == [0xA400, 0x111D])
    }

    @Test(
        "A third party reads the Japanese words off the wire",
        .enabled(if: WireWatcher.isInstalled, "tshark is not installed"))
    func wire() async throws {
        let controller = try OsmoBSC()
        let watcher = try WireWatcher(controller.address)
        guard await watcher.hasBegun() else { return print("skipped: this user may not capture packets") }
        let scene = try scene(controller)
        let adapter = try scene.adapter()
        try await scene.deliver(order, to: adapter)
        #expect(await watcher.line(with: "CBS Page Content: 避難指示") != nil)
        #expect(await watcher.line(with: "CBS Page Content: ")?.contains("高台へ避難してください。") == true)
    }

    @Test("Nobody at the other end is unavailable at the deadline")
    func nobody() async throws {
        let controller = try OsmoBSC()
        controller.kill()
        let scene = try scene(controller)
        let adapter = try scene.adapter()
        let end = await failure { () async throws(DeliveryFailure) in
            try await scene.deliver(order, to: adapter, within: .milliseconds(100))
        }
        #expect(end?.isUnavailable == true)
    }

    @Test("Through our own centre the order reaches the cell, and the centre tells a reborn controller")
    func throughCentre() async throws {
        let controller = try OsmoBSC()
        let (recoveries, heard) = AsyncStream<CBSPClient.Event>.makeStream()
        let centre = CellBroadcastCentre(configuration: .init(
            port: 0, controllers: [.init(role: .connect(host: controller.address, port: 48049))],
            onEvent: { heard.yield($1) }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await centre.run() }
            var scene = try Scene(LoopbackTransport())
            scene.settings = ["url": "http://127.0.0.1:\(try await centre.boundPort)"]
            _ = await recoveries.first { $0 == .connected }
            let adapter = try scene.adapter()
            try await scene.deliver(order, to: adapter)
            let first = try await controller.onAir()
            #expect(first.map(\.pages) == [2])
            try await scene.deliver(wider, to: adapter, revision: 2, message: .update)
            let second = try await controller.onAir()
            #expect(second.map(\.identifier) == [0xA005])
            #expect(second.map(\.serial) == first.map { SerialNumber(encoded: $0.serial).updated.encoded })
            controller.kill()
            try controller.start()
            _ = await recoveries.first { if case .recovered = $0 { true } else { false } }
            #expect(try await controller.onAir() == second)
            try await scene.deliver("", to: adapter, revision: 2, message: .cancel)
            #expect(try await controller.onAir() == [])
            group.cancelAll()
        }
    }
}
