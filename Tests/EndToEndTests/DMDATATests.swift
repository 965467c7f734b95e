import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    /// The built program, its settings file and a DMDATA.JP on loopback that really speaks.
    @Suite struct DMDATA {
        private func town(_ office: SmallDMDATA, key: String) -> TownFile {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = """
                sources:
                  dmdata: {key_file: "\(key)", base: "\(office.base)", sockets: [localhost, localhost]}
                """
            return town
        }

        @Test("A bulletin over two sockets is one alert; both sockets show when they last had one and how late")
        func journey() async throws {
            let office = try await SmallDMDATA()
            let folder = try TestHub.newFolder()
            let key = folder.appending(path: "dmdata.key")
            try Data("secret-key\n".utf8).write(to: key)
            try await TestHub.with(town(office, key: key.path), in: folder) { hub in
                await office.opened.reaches(2)
                office.send(#"{"type":"ping","pingId":"7"}"#)
                await office.heard.reaches(2)
                office.send(SmallDMDATA.data(try Quake().tsunami(), type: "VTSE41"))
                let sockets = ["dmdata:1", "dmdata:2"]
                // One verdict of the two says that there were two; how late each was is written down a breath later.
                let metrics = try await eventually("both sockets have had it") {
                    let text = try await hub.call("GET", "/metrics", token: nil).text
                    return sockets.contains { text.contains(#"{source="\#($0)",fate="duplicate"} 1"#) }
                        && sockets.allSatisfy { text.contains(#"noroshi_source_last_bulletin_timestamp_seconds{source="\#($0)"}"#) } ? text : nil
                }
                for socket in sockets {
                    let lag = metrics.firstMatch(of: try Regex(#"noroshi_source_lag_seconds\{source="\#(socket)"\} (\S+)"#))
                    #expect(Double(lag?.output[1].substring ?? "").map { (0..<60).contains($0) } == true)
                    #expect(metrics.contains(#"noroshi_source_silent{source="\#(socket)"} 0.0"#))
                }
                let alerts = try await hub.alerts()
                #expect(alerts.map(\.kind) == ["tsunami"])
                let kept = try await hub.bulletins().filter { $0.verdict == "accepted" }
                #expect(kept.count == 1 && kept[0].source.hasPrefix("dmdata:"))
                let tablets = try await hub.settled("channel=school-tablet")
                #expect(tablets.map(\.state) == ["delivered", "delivered"])
                #expect(!hub.program.errors.contains("secret-key"))
            }
            await office.stop()
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A key file that is missing, empty or holds more than a key is found before the hub starts", arguments: [
            nil, "", "one two", "secret\nsecond",
        ])
        func badKey(text: String?) async throws {
            let folder = try TestHub.newFolder()
            let key = folder.appending(path: "dmdata.key")
            if let text { try Data(text.utf8).write(to: key) }
            let settings = folder.appending(path: "settings.yaml")
            let office = try await SmallDMDATA()
            try Data(town(office, key: key.path).yaml.utf8).write(to: settings)
            let checked = try await Program.run("check", "--config", settings.path)
            #expect(checked.code == 78)
            #expect(checked.errors.contains("dmdata: key_file: \(key.path)"))
            #expect(!checked.errors.contains("second") && !checked.errors.contains("one two"))
            await office.stop()
            try FileManager.default.removeItem(at: folder)
        }
    }
}
