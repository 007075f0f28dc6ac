package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.service.Node;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Plays {@link Http2Corpus} to a proxy whose node speaks HTTP/1.1, and looks at what both sides
 * get; then asks for something sound, on the same connection where that goes on.
 */
final class Http2CorpusTest {
  /** What Fairlead adds to each request. */
  private static final Set<String> ADDED =
      Set.of("via", "x-request-id", "x-forwarded-for", "x-forwarded-proto");

  private static final long ENDS_WITHIN_MILLIS = 5_000;
  private static final int NEXT = 101;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  @TestFactory
  Stream<DynamicTest> corpus() throws IOException {
    ScriptedNode node = leftOver.closes(new ScriptedNode());
    ProxyFixture proxy = leftOver.watches(ProxyFixture.start(node.address()));
    return Http2Corpus.all().stream()
        .map(each -> DynamicTest.dynamicTest(each.name(), () -> play(each, node, proxy)));
  }

  @Test
  void theCorpusIsLargeEnoughAndNoCaseIsThereTwice() {
    List<Http2Corpus.Case> all = Http2Corpus.all();
    assertThat(all).hasSizeGreaterThanOrEqualTo(150);
    assertThat(all).extracting(Http2Corpus.Case::name).doesNotHaveDuplicates();
    assertThat(all.stream().filter(Http2Corpus.Case::isSound)).hasSizeGreaterThanOrEqualTo(40);
  }

  private static void play(Http2Corpus.Case each, ScriptedNode node, ProxyFixture proxy)
      throws IOException {
    ScriptedNode.Play play = node.play(List.of(), Pace.WHOLE);
    try (Http2Wire client =
        each.whole() ? Http2Wire.silent(proxy.address()) : Http2Wire.client(proxy.address())) {
      each.script()
          .play(client.together()); // else the node may have answered before all of it came
      assertThat(outcome(each, client)).as("at the client").isEqualTo(each.client());
      if (each.client().startsWith("GOAWAY")) {
        try (Http2Wire next = Http2Wire.client(proxy.address())) {
          assertThat(next.get(1, "/fence").answer(1).body.toString()).isEqualTo("fence");
        }
      } else {
        assertThat(client.get(NEXT, "/fence").answer(NEXT).body.toString()).isEqualTo("fence");
      }
    }
    Node member = proxy.service().nodes().all()[0];
    Await.nothing(() -> {
      int _ = play.end(ENDS_WITHIN_MILLIS); // also of a connection that came when nobody wanted it
      return member.connections() == 0 ? "" : "a connection to the node";
    });
    if (each.node() != null) { // otherwise how much of it the node gets is a matter of time
      assertThat(told(play)).as("at the node").isEqualTo(each.node());
    }
  }

  private static String outcome(Http2Corpus.Case each, Http2Wire client) throws IOException {
    if (each.client().startsWith("GOAWAY")) {
      return "GOAWAY " + Http2Wire.name(client.end());
    }
    Http2Wire.Stream stream = client.answer(1);
    if (stream.status() < 0) {
      return "RST " + Http2Wire.name(stream.reset);
    }
    String ours = stream.value("fairlead-error");
    return stream.status() + (ours.isEmpty() ? "" : " " + ours);
  }

  private static String told(ScriptedNode.Play play) {
    return play.requests().stream().map(Http2CorpusTest::told).collect(Collectors.joining("\n"));
  }

  private static String told(Received request) {
    StringBuilder text = new StringBuilder(request.start);
    request.fields.stream()
        .map(Field::toString)
        .filter(field -> !ADDED.contains(field.substring(0, field.indexOf(':'))))
        .forEach(field -> text.append('|').append(field));
    if (!request.body.isEmpty()) {
      text.append("|body ").append(request.body);
    }
    request.trailers.forEach(field -> text.append("|+ ").append(field));
    if (request.doubt != null) {
      text.append(" DOUBT ").append(request.doubt);
    } else if (!request.isComplete()) {
      text.append(" ...");
    }
    return text.toString();
  }
}
