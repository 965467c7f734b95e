import Foundation
import Hummingbird
import Serving
import Tablets
import Testing
import Yams

@testable import HubAPI
@testable import Web

@Suite("docs/openapi.yaml and the program say the same")
struct OpenAPITests {
    private func document() throws -> [String: Any] {
        let text = try String(contentsOf: House.package.appending(path: "docs/openapi.yaml"), encoding: .utf8)
        return try #require(try Yams.load(yaml: text) as? [String: Any])
    }

    /// The query parameters of an operation, by name, with their type; references are followed.
    private func parameters(_ lists: [Any?], _ document: [String: Any]) -> [String: String] {
        let shared = (document["components"] as? [String: Any])?["parameters"] as? [String: [String: Any]] ?? [:]
        var found: [String: String] = [:]
        for entry in lists.compactMap({ $0 as? [[String: Any]] }).flatMap({ $0 }) {
            let name = (entry["$ref"] as? String)?.split(separator: "/").last.map(String.init)
            let whole = name.flatMap { shared[$0] } ?? entry
            guard whole["in"] as? String == "query", let key = whole["name"] as? String else { continue }
            found[key] = (whole["schema"] as? [String: Any])?["type"] as? String ?? ""
        }
        return found
    }

    @Test("Every route is described with the query parameters it takes, and with the statuses the front door adds")
    func routes() async throws {
        let document = try document()
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let routes = try await House().router.router().routes
        for route in routes {
            let pattern = PathPattern(route.path.description)
            // The files beside a page, and every maker's probe, are described by one.
            let isFile = ["/tablet/", "/console/"].contains { pattern.text.hasPrefix($0) }
            if isFile || CaptiveProbe.paths.contains(pattern.text) && pattern.text != "/generate_204" { continue }
            let found = paths.first { PathPattern($0.key).matches(pattern.text) && PathPattern($0.key).weight == pattern.weight }
            let path = try #require(found?.value, "\(pattern.text) is not described")
            let operation = try #require(path[route.method.rawValue.lowercased()] as? [String: Any], "\(route.method) \(pattern.text)")
            let rules = QueryTable.hub.rules(route.method, pattern)
            let said = parameters([path["parameters"], operation["parameters"]], document)
            if !rules.takesOthers {
                #expect(Set(said.keys) == Set(rules.kinds.keys), "\(route.method) \(pattern.text)")
                for (name, type) in said { #expect((type == "boolean") == (rules.kinds[name] == .flag), "\(pattern.text) \(name)") }
            }
            let statuses = Set((operation["responses"] as? [String: Any] ?? [:]).keys)
            #expect(statuses.contains("400"), "\(route.method) \(pattern.text)")
            if route.method == .post, !QueryTable.hub.takesOtherBodies(pattern) {
                #expect(statuses.contains("415"), "\(pattern.text)")
                #expect(statuses.contains("413") || operation["requestBody"] == nil, "\(pattern.text)")
            }
        }
    }

    @Test("No operation is described that the program does not have")
    func described() async throws {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let routes = try await House().router.router().routes
        for (path, item) in paths where path != "/v1/bench/publish" {
            for method in item.keys where ["get", "post", "put", "delete", "patch"].contains(method) {
                #expect(
                    routes.contains { $0.method.rawValue.lowercased() == method && PathPattern($0.path.description).matches(path) },
                    "\(method) \(path)")
            }
        }
    }
}
