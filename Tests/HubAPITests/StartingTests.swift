import Hub
import Hummingbird
import Testing

@testable import HubAPI

@Suite("While the record is read")
struct StartingTests {
    @Test("The door is open: come again, so much of so much; pages are shown; then everything is as ever")
    func starting() async throws {
        let start = StartWatch(isOpen: false)
        let house = try await House(start: start)
        for (method, path) in [("GET", "/v1/alerts"), ("POST", "/v1/bulletins"), ("GET", "/v1/deliveries")] {
            let heard = try await house.call(method, path, method == "POST" ? "{}" : nil)
            #expect(heard.status == 503, "\(path)")
            #expect(heard.headers[.retryAfter] == "2")
            #expect(heard.body.contains("起動中"), "\(heard.body)")
        }
        #expect(try await house.call("GET", "/healthz").status == 200)
        #expect(try await house.call("GET", "/tablet/").status == 200)
        let ready = try await house.call("GET", "/readyz")
        #expect(ready.status == 503 && ready.body.contains(#""starting":{"done":0"#), "\(ready.body)")
        try await house.hub.recover()
        #expect(start.progress == .init(done: 1, total: 1))
        start.open()
        #expect(try await house.call("GET", "/v1/alerts").status == 200)
    }
}
