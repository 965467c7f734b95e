package import Streams
package import Serving

extension Doorkeeper.Gauges {
    /// The door's gauges, of a hub or an edge.
    package func add(to text: inout MetricsText) {
        text.add("noroshi_connections", "gauge", "Connections in the door, of strangers and of those we know.", Double(connections))
        text.add("noroshi_connections_known", "gauge", "Connections in the door that are a device's or a person's of ours.", Double(named))
        text.add(
            "noroshi_connections_pushed_out_total", "counter", "Silent connections of strangers closed for somebody else.", Double(pushedOut))
        text.add("noroshi_connections_refused_total", "counter", "Connections refused because the door was full.", Double(refused))
        text.add("noroshi_accept_pauses_total", "counter", "Times accepting paused because no descriptor was left.", Double(pauses))
    }
}
