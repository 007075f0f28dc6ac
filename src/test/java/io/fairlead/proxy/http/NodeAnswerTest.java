package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.service.NodeLoad;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers, and their absence, tell about the node. */
final class NodeAnswerTest {
  private static final String GET = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;
  private ProxyFixture proxy;
  private Wire client;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    proxy =
        leftOver.watches(
            ProxyFixture.start(
                List.of(node.address()), ProxyFixture.limits(), Duration.ofSeconds(1), 1));
    client = leftOver.closes(Wire.to(proxy.address()));
  }

  private NodeLoad.Reading load() throws InterruptedException {
    Await.value(0, proxy.dataPlane()::exchangesInUse, "exchanges in use");
    NodeLoad.Reading reading = new NodeLoad.Reading();
    proxy.service().nodes().all()[0].load().read(System.nanoTime(), reading);
    return reading;
  }

  @ParameterizedTest
  @CsvSource({
    "200, '', 0",
    "404, '', 0",
    "500, '', 1",
    "501, '', 0",
    "502, '', 1",
    "503, '', 1",
    "505, '', 0",
    "429, '', 0",
    "429, 'Retry-After: 7', 1",
    "503, 'Retry-After: 7', 1",
    "503, 'Retry-After: Fri, 31 Dec 1999 23:59:59 GMT', 1",
  })
  void statusesThatCountAgainstTheNode(int status, String field, int failed) throws Exception {
    client.send(GET);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send(
        "HTTP/1.1 "
            + status
            + " X\r\nContent-Length: 0\r\n"
            + (field.isEmpty() ? "" : field + "\r\n")
            + "\r\n");
    assertThat(client.response().status()).isEqualTo(status);
    NodeLoad.Reading load = load();
    assertThat(load.answered()).isOne();
    assertThat(load.failed()).isEqualTo(failed);
    assertThat(load.latency()).isPositive();
    assertThat(load.busyNanos() > 6_000_000_000L).isEqualTo(field.endsWith("7"));
  }

  @Test
  void aResetCountsBeforeAnAnswerAndInIt() throws Exception {
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.close();
    assertThat(client.response().status()).isEqualTo(502);
    assertThat(load().failed()).isOne();
    client.send(GET);
    Wire again = leftOver.closes(node.accept());
    Received _ = again.request();
    again.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    again.close();
    assertThat(client.responseHead().status()).isEqualTo(200);
    NodeLoad.Reading load = load();
    assertThat(load.failed()).isEqualTo(2);
    assertThat(load.answered()).isEqualTo(2);
  }

  @Test
  void aTimeOutCountsAndAClientThatLeavesDoesNot() throws Exception {
    client.send(GET);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    assertThat(client.response().status()).isEqualTo(504);
    assertThat(load().failed()).isOne();
    Wire other = leftOver.closes(Wire.to(proxy.address()));
    other.send(GET);
    Wire again = leftOver.closes(node.accept());
    Received _ = again.request();
    other.reset();
    NodeLoad.Reading load = load();
    assertThat(load.failed()).isOne();
    assertThat(load.answered()).isOne();
  }

  @ParameterizedTest
  @ValueSource(strings = {"TEXT named_metrics.rif=41", "JSON {\"named_metrics\":{\"rif\":41}}"})
  void whatTheNodeSaysOfItsLoadIsReadAndNotSentOn(String value) throws Exception {
    client.send(GET);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send(
        "HTTP/1.1 200 OK\r\nEndpoint-Load-Metrics: " + value + "\r\nContent-Length: 0\r\n\r\n");
    assertThat(client.response().values("endpoint-load-metrics")).isEmpty();
    NodeLoad.Reading load = load();
    assertThat(load.reports()).isOne();
    assertThat(load.reported()).as("of others: this one is ours").isEqualTo(40);
  }
}
