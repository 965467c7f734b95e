import ArgumentParser

@main
struct Noroshi: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noroshi",
        abstract: "狼煙: tells a town what is coming, over every channel it has, and who heard it.",
        discussion: """
            Start with `noroshi demo`. Exit codes: 0 done, 64 usage, 65 bad data, 69 hub unreachable, 73 cannot write, \
            78 bad settings.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Check.self, Read.self, Ingest.self, Push.self, Cancel.self, DeviceCommand.self, SheltersCommand.self, Log.self,
            HeldCommand.self, EndpointCommand.self, ReplayCommand.self, Demo.self, GatewayCommand.self,
            EdgeCommand.self,
        ])
}
