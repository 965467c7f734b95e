/// A town moves from one hub to another as one file.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct TownMoves {
        /// What of the town can be seen from outside, but for numbers and times of the machine.
        private struct Life: Equatable, Sendable {
            var log: [String]
            var standing, shelters, devices, stream, page: String
        }

        private func life(_ hub: TestHub, _ device: TestHub.Device) async throws -> Life {
            func text(_ path: String, _ drop: [String] = [], token: String = TownFile.token) async throws -> String {
                let answer = try await hub.call("GET", path, [], token: token)
                #expect(answer.status == 200, "\(path): \(answer.text)")
                let value = try JSONSerialization.jsonObject(with: Data(answer.body))
                return String(decoding: try JSONSerialization.data(withJSONObject: Self.without(drop, value), options: [.sortedKeys, .prettyPrinted]), as: UTF8.self)
            }
            let page = try await hub.page()
            return Life(
                log: try await hub.rows().map { "\($0.delivery) \($0.state) \($0.attempts) \($0.sentence)" },
                standing: try await text("/v1/towns/042056/standing"), shelters: try await text("/v1/towns/042056/shelters"),
                devices: try await text("/v1/devices?town=042056", ["last_seen"]),
                stream: try await text("/v1/catch-up", ["id", "position", "expires_in", "server_time", "resync"], token: device.token),
                page: page.contains("避難指示") && page.contains("気仙沼地区") ? "order" : page)
        }

        /// Numbers of a run are not the town's.
        private static func without(_ keys: [String], _ value: Any) -> Any {
            if let object = value as? [String: Any] { return object.filter { !keys.contains($0.key) }.mapValues { without(keys, $0) } }
            if let list = value as? [Any] { return list.map { without(keys, $0) } }
            return value
        }

        @Test("A hub with a life, exported beside it, taken by an empty one: log, standing, shelters, devices and stream say the same, a tablet's token opens there, and nothing is sent")
        func moves() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let (old, new) = (try TestHub.newFolder(), try TestHub.newFolder())
            let file = old.appending(path: "kesennuma.town").path, target = new.appending(path: "data").path
            let (before, device) = try await TestHub.with(TownFile(gateway: gateway.url), in: old) { hub in
                let device = try await hub.enrol()
                _ = try await hub.push(#"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","level":4,"districts":["気仙沼地区"],"reason":"津波警報"}"#)
                _ = try await hub.push(#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"hashikami-chu","state":"open"}"#)
                _ = try await hub.settled()
                let life = try await life(hub, device)
                #expect(life.standing.contains("気仙沼地区") && life.shelters.contains("open") && life.devices.contains(device.device_id))
                #expect(life.stream.contains("避難指示") && life.page == "order")
                let export = try await Program.run("town", "export", "042056", "--data", old.appending(path: "data").path, "--out", file)
                #expect(export.code == 0, "\(export)")
                // A hub that runs takes no town.
                #expect(try await Program.run("town", "import", file, "--data", old.appending(path: "data").path).code == 73)
                return (life, device)
            }
            let asked = gateway.requests.count { $0.method == "POST" }
            let taken = try await Program.run("town", "import", file, "--data", target)
            #expect(taken.code == 0, "\(taken)")
            #expect(try await Program.run("town", "import", file, "--data", target).code == 0)
            try await TestHub.with(TownFile(gateway: gateway.url), in: new) { hub in
                let after = try await life(hub, device)
                #expect(after == before, "\(after)\n\(before)")
                let line = try await hub.tablet(device)
                try await eventually("the tablet hears the order") { line.text.contains("避難指示") }
                await line.close()
                let verified = try await Program.run("log", "verify", "--data", target, "--town", "042056")
                #expect(verified.code == 0, "\(verified)")
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"給水","body":"市役所前で給水します"}"#)
                _ = try await hub.settled()
            }
            #expect(gateway.requests.count { $0.method == "POST" } == asked, "nothing went out")
            await gateway.stop()
            // It has a life there now.
            let cut = old.appending(path: "cut.town")
            try Data(try Data(contentsOf: URL(filePath: file)).dropLast(100)).write(to: cut)
            #expect(try await Program.run("town", "import", cut.path, "--data", target).code == 65)
            let own = try await Program.run("town", "export", "042056", "--data", target, "--out", file)
            #expect(own.code == 0)
            #expect(try await Program.run("town", "import", file, "--data", old.appending(path: "data").path).code == 75)
        }
    }
}
