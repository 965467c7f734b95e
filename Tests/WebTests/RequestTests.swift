import Testing

@testable import Web

@Suite("What a request asks for")
struct RequestTests {
    private static let rules: QueryRules = ["preview": .flag, "name": .text, "map": .texts]

    private func fault(_ query: String?) -> QueryRules.Fault? {
        do throws(QueryRules.Fault) {
            try Self.rules.check(query)
            return nil
        } catch {
            return error
        }
    }

    @Test("A boolean is true or false", arguments: ["True", "TRUE", "1", "yes", "", "on", "true%20", "tru%65", " true", "t", "0", "no", "null"])
    func booleans(value: String) {
        #expect(fault("preview=\(value)") == .noFlag("preview", value: value))
    }

    @Test("A name that is not known is refused, however near it is", arguments: [
        "Preview", "preview%20", "pre%76iew", "preview[]", "PREVIEW", "previews", " preview", "", "exercise", "preview;x", "+preview",
    ])
    func unknown(name: String) {
        #expect(fault("\(name)=true") == .unknown(name))
        #expect(fault("name=a&\(name)=true") == .unknown(name))
    }

    @Test("A name without a value is read as one with an empty value")
    func bare() {
        #expect(fault("preview") == .noFlag("preview", value: ""))
        #expect(fault("name") == nil)
        #expect(fault("dry_run") == .unknown("dry_run"))
    }

    @Test("The same name twice is refused, unless it may be given again")
    func twice() {
        #expect(fault("preview=false&preview=true") == .twice("preview"))
        #expect(fault("name=a&name=a") == .twice("name"))
        #expect(fault("map=a&map=b") == nil)
    }

    @Test("What is right is taken", arguments: [nil, "", "&", "&&", "preview=true", "preview=false&name=%E6%97%A5&map=a%3Db&map=", "name=a=b"])
    func right(query: String?) { #expect(fault(query) == nil) }

    @Test("Broken percent signs are refused", arguments: ["%", "%4", "%zz", "%ff", "%E6%97", "a%+1", "%-1"])
    func percent(value: String) { #expect(fault("name=\(value)") == .unreadable("name")) }

    @Test("Pages take what gateways add to their address")
    func pages() throws { try QueryRules.anything.check("cmd=login&cmd=x&mac=%zz") }

    @Test("A path is a route's when the said pieces are equal", arguments: [
        ("/v1/alerts/{id}", "/v1/alerts/a", true), ("/v1/alerts/{id}", "/v1/alerts/a/", true), ("/v1/alerts/{id}", "//v1/alerts//a", true),
        ("/v1/alerts/{id}", "/v1/alerts", false), ("/v1/alerts/{id}", "/v1/alerts/a/b", false), ("/", "/", true), ("/", "", true),
        ("/v1/stream", "/v1/Stream", false), ("/v1/stream", "*", false), ("/spots/{spot}/", "/spots/a", true),
    ])
    func paths(pattern: String, path: String, matches: Bool) {
        #expect(PathPattern(pattern).matches(path) == matches)
    }

    @Test("A Host is a name or an address, and perhaps a port", arguments: [
        ("hub.example.jp", true), ("127.0.0.1:8480", true), ("[::1]:80", true), ("[fe80::1]", true), ("localhost:", true), ("a_b", true),
        ("", false), (" ", false), (":80", false), ("a:b", false), ("a:99999", false), ("a b", false), ("a/b", false), ("a@b", false),
        ("[", false), ("[]", false), ("[::1", false), ("[::1]x", false), ("a:1:2", false), ("日本", false), ("a,b", true), ("\u{0}", false),
        ("<script>", false), ("a\"b", false), ("a:-1", false), ("a:+1", false),
    ])
    func hosts(host: String, isValid: Bool) {
        #expect(HostField.isValid(host) == isValid)
    }
}
