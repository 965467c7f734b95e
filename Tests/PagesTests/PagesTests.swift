import Gzip
import Testing

@testable import Pages

@Suite("Pages inside the program")
struct PagesTests {
    @Test("x") func x() { #expect(Pages.asset("/tablet/") != nil) }
}
