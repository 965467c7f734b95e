import ChannelKit
import Commons
import Devices

/// The demonstration's node of L-Alert: strict, on loopback, and it says what it took.
struct DemoCommons: Sendable {
    private let node: CommonsNode
    private let password = DeviceRegister.randomToken()
    private let schema: EDXLSchema?
    private let port = Announced<Int>()

    /// - Parameter schema: A file; that it or xmllint is missing is an error, as somebody asked for both.
    init(schema file: String?) throws(SettingsError) {
        schema = file.flatMap { EDXLSchema(file: $0) }
        guard file == nil || schema != nil else {
            throw SettingsError("--edxl-schema \(file ?? ""): ファイルがないか、xmllintが入っていません (no such file, or no xmllint)")
        }
        node = CommonsNode(password: password)
    }

    func run() async throws {
        let server = CommonsServer(node, schema: schema) { held in
            let said = "\(held.category)  \(held.type)  \(held.id)/\(held.revision)  \(held.headline)"
            Terminal.say(Terminal.paint("            ⟫ Lアラート  受理 accepted  \(said)", "34"))
        }
        do {
            try await server.run { port.say($0) }
        } catch {
            port.close()
            throw error
        }
        port.close()
    }

    /// Waits until it listens.
    func address() async throws -> DemonstrationTown.Commons {
        guard let bound = await port.heard() else { throw SettingsError("Ｌアラートのノードが待ち受けません (the node of L-Alert does not listen)") }
        return DemonstrationTown.Commons(port: bound, password: password)
    }

    /// What was accepted, and by which checks.
    func summary() -> String {
        let every = node.every
        let checks = schema == nil ? "form, token, order" : "form, token, order, public schema of EDXL-DE (xmllint)"
        let kinds = every.map(\.category).reduce(into: [(name: String, count: Int)]()) { kinds, name in
            if let index = kinds.firstIndex(where: { $0.name == name }) {
                kinds[index].count += 1
            } else {
                kinds.append((name, 1))
            }
        }
        return "Lアラート: \(every.count) revisions of \(node.held.count) documents accepted, \(node.complaints.count) refused"
            + " (checked: \(checks)) — " + kinds.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }
}
