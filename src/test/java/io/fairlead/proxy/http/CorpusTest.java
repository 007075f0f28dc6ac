package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.fairlead.proxy.http.CorpusCase.NodeConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Plays every case of the corpus through the data plane, once in whole and once in pieces, and
 * judges what client and node saw.
 *
 * <p>The cases are spread over a few lanes. A lane is a proxy with a node of its own and plays one
 * case at a time, so everything that reaches its node belongs to the case being played.
 */
final class CorpusTest {

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private static final Path FOLDER = Path.of("src/test/resources/corpus");
  private static final int LANES = 8;

  /** How long a connection may take to end that ought to end at once. */
  private static final long ENDS_WITHIN_MILLIS = 2_000;

  private static final long WHOLE_CORPUS_SECONDS = 120;

  private final Set<String> ids = ConcurrentHashMap.newKeySet();

  @TestFactory
  Stream<DynamicTest> corpus() throws IOException {
    Queue<Run> waiting = new ConcurrentLinkedQueue<>();
    for (String part : List.of("requests", "responses")) {
      for (CorpusCase corpusCase : CorpusFile.readAll(FOLDER.resolve(part))) {
        for (Pace pace : Pace.values()) {
          waiting.add(new Run(corpusCase, pace, new CompletableFuture<>()));
        }
      }
    }
    List<Run> all = List.copyOf(waiting);
    for (int i = 0; i < LANES; i++) {
      Lane lane = Lane.open();
      leftOver.watches(lane.proxy);
      Thread.ofVirtual().name("corpus lane " + i).start(() -> play(waiting, lane));
    }
    return all.stream()
        .map(run -> dynamicTest(run.name(), () -> assertThat(run.verdict()).isEmpty()));
  }

  @Test
  void theCorpusIsLargeEnoughAndNoCaseIsThereTwice() {
    List<CorpusCase> requests = CorpusFile.readAll(FOLDER.resolve("requests"));
    List<CorpusCase> responses = CorpusFile.readAll(FOLDER.resolve("responses"));
    List<CorpusCase> all = Stream.concat(requests.stream(), responses.stream()).toList();
    assertThat(requests).hasSizeGreaterThanOrEqualTo(200);
    assertThat(responses).hasSizeGreaterThanOrEqualTo(40);
    assertThat(requests.stream().filter(CorpusCase::isPositiveControl))
        .hasSizeGreaterThanOrEqualTo(40);
    assertThat(responses.stream().filter(CorpusCase::isPositiveControl))
        .hasSizeGreaterThanOrEqualTo(10);
    assertThat(all).extracting(CorpusCase::name).doesNotHaveDuplicates();
    assertThat(all).extracting(CorpusCase::stimulus).doesNotHaveDuplicates();
  }

  private void play(Queue<Run> waiting, Lane lane) {
    try (lane) {
      for (Run run = waiting.poll(); run != null; run = waiting.poll()) {
        try {
          run.problems.complete(lane.play(run.corpusCase, run.pace, ids));
        } catch (IOException | InterruptedException | RuntimeException e) {
          run.problems.completeExceptionally(e);
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** One case at one pace, and its verdict when there is one. */
  private record Run(CorpusCase corpusCase, Pace pace, CompletableFuture<String> problems) {

    String name() {
      return corpusCase.name() + ", " + pace;
    }

    /** Empty when all is well. */
    String verdict() throws Exception {
      return problems.get(WHOLE_CORPUS_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** A proxy and its node. */
  private record Lane(ScriptedNode node, ProxyFixture proxy) implements AutoCloseable {

    static Lane open() throws IOException {
      ScriptedNode node = new ScriptedNode();
      try {
        return new Lane(node, ProxyFixture.start(node.address()));
      } catch (RuntimeException e) {
        node.close();
        throw e;
      }
    }

    /** Plays a case; returns what is wrong, empty when nothing is. */
    String play(CorpusCase corpusCase, Pace pace, Set<String> ids)
        throws IOException, InterruptedException {
      ScriptedNode.Play play = node.play(corpusCase.answers(), pace);
      List<String> problems = new ArrayList<>();
      RawClient.Saw saw;
      try (RawClient client = new RawClient(proxy.address())) {
        saw = client.play(corpusCase, pace);
        if (nodeConnectionMustClose(corpusCase, saw)) {
          int last = lastConnection(play);
          if (last >= 0 && !play.isClosedByProxy(last, ENDS_WITHIN_MILLIS)) {
            problems.add("the proxy kept a connection to the node that it must not trust");
          }
        }
        fence(corpusCase, client, saw, play, problems);
      }
      int kept = play.end(ENDS_WITHIN_MILLIS);
      if (kept > 0) {
        problems.add("the proxy kept " + kept + " connections that the node had closed");
      }
      List<Received> requests = play.requests();
      Judge judge = new Judge(corpusCase, "127.0.0.1", address(node.address()));
      problems.addAll(judge.atClient(saw));
      problems.addAll(judge.atNode(requests));
      problems.addAll(judge.sameIds(requests, saw));
      requests.stream()
          .flatMap(request -> request.values("x-request-id").stream())
          .filter(id -> !ids.add(id))
          .forEach(id -> problems.add("id " + id + " was given twice"));
      return problems.isEmpty()
          ? ""
          : corpusCase.place()
              + " "
              + corpusCase.why()
              + "\n  "
              + String.join("\n  ", problems)
              + Judge.describe(requests, saw);
    }

    /** An answer that was refused, or extra bytes, spoil the connection they came on. */
    private static boolean nodeConnectionMustClose(CorpusCase corpusCase, RawClient.Saw saw) {
      return corpusCase.nodeConnection() == NodeConnection.CLOSED
          || (corpusCase.outcomes().stream()
                  .flatMap(outcome -> outcome.items().stream())
                  .anyMatch(item -> item.status() == 502 && item.isOurs())
              && saw.responses().stream().anyMatch(Judge::isOurs));
    }

    /**
     * Shows that what the case was about is over and did no harm: one more request is served, over
     * the client's connection when that stays open.
     */
    private void fence(
        CorpusCase corpusCase,
        RawClient client,
        RawClient.Saw saw,
        ScriptedNode.Play play,
        List<String> problems)
        throws IOException {
      if (saw.end() == RawClient.End.OPEN && last(saw) == 101) {
        if (!client.isTunnel()) {
          problems.add("the connection is no tunnel");
        }
      } else if (saw.end() == RawClient.End.OPEN) {
        int before = lastConnection(play);
        if (!client.servesFence()) {
          problems.add("the client's connection does not serve a further request");
        } else if (corpusCase.nodeConnection() == NodeConnection.REUSED
            && play.lastFence() != before) {
          problems.add("the connection to the node was not used again");
        }
        return;
      }
      try (RawClient next = new RawClient(proxy.address())) {
        if (!next.servesFence()) {
          problems.add("a further request on a new connection is not served");
        }
      }
    }

    private static int last(RawClient.Saw saw) {
      return saw.responses().isEmpty() ? -1 : saw.responses().getLast().status();
    }

    private static int lastConnection(ScriptedNode.Play play) {
      List<Received> requests = play.requests();
      return requests.isEmpty() ? -1 : requests.getLast().connection;
    }

    private static String address(InetSocketAddress address) {
      return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    /** The proxy is closed when nothing goes on in it any more. */
    @Override
    public void close() throws IOException {
      node.close();
    }
  }
}
