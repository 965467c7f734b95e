import ChannelKitTesting
import Foundation
import NIOCore
import NIOPosix

/// A real base-station controller, Debian's osmo-bsc, with one cell that has a broadcast channel and no radio.
///
/// It cannot be told its VTY's port, so that every instance has a loopback address of its own in 127.0.0.0/8 and the
/// usual ports there.
final class OsmoBSC {
    static let program = "/usr/bin/osmo-bsc"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    let address: String
    private let folder: URL
    private var process: ChildProcess?

    /// Starts at once; the ports are open some tenths of a second later.
    init() throws {
        var octets = (0..<3).map { _ in Int.random(in: 16...250) }
        octets[0] += 1
        address = "127." + octets.map(String.init).joined(separator: ".")
        folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-bsc-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(Self.configuration(address).utf8).write(to: folder.appending(path: "bsc.cfg"))
        try start()
    }

    func start() throws {
        process = try ChildProcess(
            Self.program, ["-c", folder.appending(path: "bsc.cfg").path],
            output: .file(folder.appending(path: "log").path))
    }

    /// Ends it as a power cut would; everything it knew is lost.
    func kill() {
        process?.end()
        process = nil
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

    /// One row of `show bts 0 smscb`.
    struct Row: Hashable {
        let identifier: UInt16
        let serial: UInt16
        let pages: Int
        let codingScheme: UInt8
    }

    /// What the cell broadcasts, as its own terminal tells it.
    func onAir() async throws -> [Row] {
        let text = try await ask("show bts 0 smscb", until: "EXTENDED CBCH")
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let columns = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard columns.count == 8, let identifier = UInt16(columns[0], radix: 16), let serial = UInt16(columns[1], radix: 16),
                  let pages = Int(columns[2]), let scheme = UInt8(columns[7], radix: 16)
            else { return nil }
            return Row(identifier: identifier, serial: serial, pages: pages, codingScheme: scheme)
        }
    }

    private func ask(_ command: String, until end: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: address, port: 4242) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(
                        inboundType: ByteBuffer.self, outboundType: ByteBuffer.self))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: command + "\r\n"))
            var octets: [UInt8] = []
            for try await buffer in inbound {
                octets += buffer.readableBytesView
                if String(decoding: octets, as: UTF8.self).contains(end) { break }
            }
            return String(decoding: octets, as: UTF8.self)
        }
    }

    private static func configuration(_ address: String) -> String {
        """
        e1_input
         e1_line 0 driver ipa
         ipa bind \(address)
        log stderr
         logging color 0
         logging level set-all notice
        line vty
         bind \(address)
        ctrl
         bind \(address)
        network
         network country code 440
         mobile network code 10
         bts 0
          type osmo-bts
          band DCS1800
          cell_identity 1
          location_area_code 1
          base_station_id_code 63
          ip.access unit_id 1 0
          oml ip.access stream_id 255 line 0
          gprs mode none
          trx 0
           rf_locked 0
           arfcn 868
           nominal power 23
           max_power_red 20
           rsl e1 tei 0
           timeslot 0
            phys_chan_config CCCH+SDCCH4+CBCH
           timeslot 1
            phys_chan_config TCH/F
        cbc
         mode server
         server
          local-ip \(address)
          local-port 48049

        """
    }
}
