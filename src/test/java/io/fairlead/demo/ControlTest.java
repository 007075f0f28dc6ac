package io.fairlead.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class ControlTest {
  private TestNode node;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN.withErrorRate(0.5));
    client = new RawClient(node);
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    node.close();
  }

  @Test
  void everyKeyCanBeSetAndIsShownAsItWasSet() throws IOException {
    String all =
        "{\"latency\":\"exp:20ms\",\"error-rate\":0.25,\"health\":\"fail\",\"health-hangs\":true,"
            + "\"hang-connect\":true,\"load-metrics\":true,\"hang\":true,\"reset\":true,\"garbage\":true,"
            + "\"endless-header\":true,\"bad-framing\":\"obs-fold\",\"cut\":12,\"slow-head\":10,"
            + "\"slow-body\":1000,\"close\":true,\"stale\":\"on-reuse\"}";
    assertThat(put(all).status()).isEqualTo(200);
    assertThat(document().get("behaviour")).isEqualTo(JsonMapper.shared().readTree(all));
    assertThat(node.behaviour().faults()).hasSize(10);
  }

  @Test
  void aSubsetLeavesTheRestAloneAndDeleteGoesBackToTheStart() throws IOException {
    assertThat(put("{\"slow-body\":1000,\"cut\":true}").status()).isEqualTo(200);
    assertThat(put("{\"cut\":false,\"latency\":0}").status()).isEqualTo(200);
    assertThat(node.behaviour())
        .isEqualTo(Behaviour.PLAIN.withErrorRate(0.5).with(new Fault.SlowBody(1000)));
    client.send("DELETE /_control HTTP/1.1\r\nhost: t\r\n\r\n");
    assertThat(client.reply().status()).isEqualTo(200);
    assertThat(node.behaviour()).isEqualTo(Behaviour.PLAIN.withErrorRate(0.5));
  }

  @Test
  void aChangeForAWhileEndsByItself() throws Exception {
    Behaviour before = node.behaviour();
    assertThat(put("{\"hang\":true,\"for\":\"100ms\"}").status()).isEqualTo(200);
    long start = System.nanoTime();
    client.get("/?hang=false&error-rate=0");
    assertThat(client.reply().status()).isEqualTo(200);
    while (!node.behaviour().equals(before) && System.nanoTime() - start < 5_000_000_000L) {
      Thread.onSpinWait();
    }
    assertThat(node.behaviour()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"slowBody":1}             | unknown key slowBody
          {"latency":"fast"}         | "fast" is not a duration
          {"error-rate":2}           | error-rate: must be from 0 to 1 (was 2.0)
          {"error-rate":"often"}     | error-rate: must be a number (was often)
          {"health":true}            | health: must be ok or fail (was true)
          {"hang":"maybe"}           | hang: must be true or false (was maybe)
          {"hang":[true]}            | hang: must be a word
          {"hang":null}              | hang: must be a word
          {"slow-body":-1}           | slow-body: must be bytes a second from 1 (was -1)
          {"cut":-2}                 | cut: must be a number of bytes from 0
          {"bad-framing":"odd"}      | bad-framing: must be one of length-and-chunked, two-lengths
          {"for":"long","hang":true} | "long" is not a duration
          {"hang":true,"oops":1}     | unknown key oops
          [1]                        | must be a JSON object
          {                          | not JSON
          """)
  void aBadChangeIsRefusedInWordsAndChangesNothing(String document, String why) throws IOException {
    Behaviour before = node.behaviour();
    RawClient.Reply reply = put(document);
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.body()).contains(why);
    assertThat(node.behaviour()).isSameAs(before);
  }

  @Test
  void countersTellWhatCame() throws IOException {
    client.get("/x?y=1").reply();
    client.get("/x").reply();
    try (RawClient second = new RawClient(node)) {
      second.send("nonsense\r\n\r\n").reply();
    }
    JsonNode counters = document().get("counters");
    assertThat(counters.get("connections-accepted").asInt()).isEqualTo(2);
    assertThat(counters.get("requests").asInt()).isEqualTo(2);
    assertThat(counters.get("paths").toString()).isEqualTo("{\"/x\":2}");
    assertThat(counters.get("bad-requests").asInt()).isEqualTo(1);
    assertThat(counters.get("last-bad-request").asString()).contains("request line");
  }

  @Test
  void pathsAreCountedOneByOneUpToABound() {
    NodeCounters counters = new NodeCounters();
    for (int i = 0; i < NodeCounters.MAX_PATHS + 5; i++) {
      counters.request("/" + i);
    }
    assertThat(counters.paths())
        .hasSize(NodeCounters.MAX_PATHS + 1)
        .containsEntry(NodeCounters.OTHER_PATHS, 5L);
  }

  private RawClient.Reply put(String json) throws IOException {
    client.send(
        "PUT /_control HTTP/1.1\r\nhost: t\r\ncontent-length: "
            + json.length()
            + "\r\n\r\n"
            + json);
    return client.reply();
  }

  private JsonNode document() throws IOException {
    return JsonMapper.shared().readTree(client.get("/_control").reply().body());
  }
}
