package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.fairlead.TestCertificates;
import io.fairlead.config.AgentConfig;
import io.fairlead.config.AgentReader;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsVersion;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A front end's side and real agents on loopback, with real processes. */
@Timeout(60)
class AgentDriverTest {
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final String TOKEN = "a-token-of-an-agent";
  private static final String SLEEPS = "exec sleep 1000";

  @TempDir Path folder;
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private final List<String> said = new CopyOnWriteArrayList<>();
  private final Map<String, Agent> agents = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(7);

  @AfterEach
  void nothingIsLeft() throws IOException {
    for (Agent agent : agents.values()) {
      agent.stopNodes();
      agent.close();
    }
    assertThat(ours()).isEmpty();
  }

  @Test
  void whatIsStartedIsFoundByAnotherDriverAndStopped() throws Exception {
    agent("h1", SLEEPS, "");
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    Started node = driver.start("shop-1", Release.PLAIN);
    assertThat(node.address().host()).isEqualTo("127.0.0.1");
    assertThat(node.id()).matches("process \\d+ at h1");
    assertThat(node.zone()).isEqualTo("h1");
    assertThat(driver.start("shop-1", Release.PLAIN)).as("once more").isEqualTo(node);
    assertThat(ours()).hasSize(1);
    assertThat(driver("owner").find()).containsExactly(node);
    assertThat(driver.ended(List.of(node))).isEmpty();
    driver.stop(node, GRACE);
    driver.stop(node, GRACE); // once more does no harm
    assertThat(ours()).isEmpty();
    assertThat(driver("owner").find()).isEmpty();
  }

  @Test
  void howOneEndedIsToldAndWhatItSaidIsCopied() throws Exception {
    agent("h1", "echo first; read x < fifo; echo cannot bind; exit 3", "");
    assertThat(new ProcessBuilder("mkfifo", folder.resolve("fifo").toString()).start().waitFor())
        .isZero();
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    Started node = driver.start("shop-1", Release.PLAIN);
    Path copy = ProcessDriver.output(folder.resolve("front"), "shop", "shop-1");
    TestProcesses.await(() -> {
      assertThat(driver.ended(List.of(node))).isEmpty();
      return Files.readString(copy).equals("first\n");
    });
    Files.writeString(folder.resolve("fifo"), "\n");
    TestProcesses.await(
        () -> driver.ended(List.of(node)).containsValue("ended with 3: cannot bind"));
    TestProcesses.await(() -> {
      driver.ended(List.of(node));
      return Files.readString(copy).equals("first\ncannot bind\n");
    });
    driver.stop(node, GRACE);
  }

  @Test
  void nodesGoWhereTheFewestAre() throws Exception {
    agent("h1", SLEEPS, "");
    agent("h2", SLEEPS, "");
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    List<Started> nodes = new ArrayList<>();
    for (int i = 1; i <= 4; i++) {
      nodes.add(driver.start("shop-" + i, Release.PLAIN));
    }
    assertThat(nodes.stream().map(Started::zone)).containsExactly("h1", "h2", "h1", "h2");
    driver.stop(nodes.get(0), GRACE);
    driver.stop(nodes.get(2), GRACE);
    assertThat(driver.start("shop-5", Release.PLAIN).zone()).isEqualTo("h1");
  }

  @Test
  void ownersDoNotSeeEachOtherAndShareWhatThereMayBe() throws Exception {
    agent("h1", SLEEPS, "");
    AgentDriver one = driver("one");
    AgentDriver other = driver("other");
    assertThat(one.find()).isEmpty();
    assertThat(other.find()).isEmpty();
    Started node = one.start("shop-1", Release.PLAIN);
    Started same = other.start("shop-1", Release.PLAIN);
    assertThat(same.address()).isNotEqualTo(node.address());
    other.stop(same, GRACE);
    assertThat(one.find()).containsExactly(node);
    assertThat(other.find()).isEmpty();
    for (int i = 2; i <= 4; i++) {
      one.start("shop-" + i, Release.PLAIN);
    }
    assertThatThrownBy(() -> other.start("shop-1", Release.PLAIN))
        .hasMessage("no agent starts it; h1: agent h1 runs 4 of shop, and its file allows no more");
  }

  @Test
  void anAgentThatEndsLeavesNodesThatTheNextOneFinds() throws Exception {
    Agent first = agent("h1", SLEEPS, "");
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    Started node = driver.start("shop-1", new Release("7", List.of(), ""));
    first.close();
    for (int i = 0; i < 3; i++) {
      assertThat(driver.ended(List.of(node))).isEmpty();
    }
    assertThat(driver.find()).as("nobody says that it is gone").containsExactly(node);
    assertThat(driver("owner").find()).as("it is written down").containsExactly(node);
    assertThat(driver.agents().getFirst().words())
        .matches(
            "agent h1 has not answered for \\d+ s \\(no connection\\); 1 node there is judged by its checks");
    assertThatThrownBy(() -> driver.start("shop-2", Release.PLAIN))
        .hasMessageMatching(
            "no agent starts it; h1: has not answered for \\d+ s \\(no connection\\)");
    assertThat(events).contains(new Event.AgentSilent("shop", "h1", "no connection", 1));
    agent("h1", SLEEPS, "");
    assertThat(said).contains("found 1 node of shop for owner");
    TestProcesses.await(
        () -> driver.ended(List.of(node)).isEmpty() && driver.agents().getFirst().answers());
    assertThat(driver.find()).containsExactly(node);
    assertThat(driver.version("shop-1")).isEqualTo("7");
    assertThat(events).anyMatch(e -> e instanceof Event.AgentBack);
    assertThat(ours()).hasSize(1);
  }

  /** An order whose answer was lost, or one of another front end of the group. */
  @Test
  void whatNobodyKnowsOfIsHandedOverAndOneTooManyIsStopped() throws Exception {
    agent("h1", SLEEPS, "");
    agent("h2", SLEEPS, "");
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    Started first = driver.start("shop-1", Release.PLAIN);
    assertThat(first.zone()).isEqualTo("h1");
    AgentDriver second = driver("owner", folder.resolve("second"), "h2");
    assertThat(second.find()).isEmpty();
    second.start("shop-1", Release.PLAIN);
    Started lost = second.start("shop-2", Release.PLAIN);
    TestProcesses.await(
        () -> driver.ended(List.of(first)).isEmpty() && driver.strays().contains(lost));
    TestProcesses.await(() -> {
      assertThat(driver.ended(List.of(first, lost))).isEmpty();
      return ours().size() == 2;
    });
    assertThat(driver.find()).containsExactlyInAnyOrder(first, lost);
  }

  @Test
  void whoseTermIsOverGivesNoOrdersAlsoToAnAgentThatWasStartedAgain() throws Exception {
    Agent first = agent("h1", SLEEPS, "");
    AgentDriver before = driver("group-g");
    AgentDriver now = driver("group-g");
    assertThat(before.isShared()).isTrue();
    assertThat(before.find()).isEmpty();
    assertThat(now.find()).isEmpty();
    before.lead(3);
    now.lead(4);
    Started node = now.start("shop-1", Release.PLAIN);
    assertThat(before.find()).containsExactly(node);
    assertThatThrownBy(() -> before.stop(node, GRACE))
        .hasMessage("agent h1: another front end of this owner gives the orders by now");
    now.drain(node, true);
    assertThat(before.find()).containsExactly(node);
    assertThat(before.draining()).containsExactly("shop-1");
    first.close();
    Agent second = agent("h1", SLEEPS, "");
    assertThatThrownBy(() -> before.stop(node, GRACE))
        .hasMessage("agent h1: another front end of this owner gives the orders by now");
    assertThat(before.find()).containsExactly(node);
    assertThat(before.draining()).containsExactly("shop-1");
    second.stopNodes();
    second.close();
    assertThat(ours()).isEmpty();
    agent("h1", SLEEPS, "");
    now.start("shop-1", Release.PLAIN);
    assertThat(now.find()).hasSize(1);
    assertThat(now.draining()).as("marks of the one before it").isEmpty();
  }

  @Test
  void ordersThatCannotBeWrittenDownAreNotFollowed() throws Exception {
    agent("h1", SLEEPS, "");
    AgentDriver driver = driver("group-g");
    assertThat(driver.find()).isEmpty();
    driver.lead(1);
    Started node = driver.start("shop-1", Release.PLAIN);
    Path file = orders();
    Files.delete(file);
    Files.createDirectories(file.resolve("in the way"));
    driver.drain(node, true);
    assertThat(driver.find()).containsExactly(node);
    assertThat(driver.draining()).isEmpty();
    driver.lead(2);
    assertThatThrownBy(() -> driver.stop(node, GRACE))
        .hasMessageStartingWith("agent h1: whose orders count cannot be written down: ");
    assertThat(ours()).hasSize(1);
    Files.delete(file.resolve("in the way"));
    Files.delete(file);
    driver.stop(node, GRACE);
    assertThat(ours()).isEmpty();
    assertThat(Files.readAllLines(file)).containsExactly("term 2");
  }

  private Path orders() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(path -> path.endsWith("orders")).findFirst().orElseThrow();
    }
  }

  @Test
  void anotherTokenIsToldInWords() throws Exception {
    agent("h1", SLEEPS, "");
    AgentDriver driver =
        driver(
            "owner",
            folder.resolve("front"),
            new Secret("another-token-than-that"),
            ServiceTls.NONE);
    assertThatThrownBy(driver::find)
        .hasMessage("no agent answers; h1: it does not take our token (401)");
    assertThatThrownBy(driver::find).isInstanceOf(IOException.class);
    assertThat(events)
        .containsExactly(
            new Event.AgentSilent("shop", "h1", "it does not take our token (401)", 0));
    assertThat(said).anyMatch(text -> text.endsWith("no or another token"));
  }

  @Test
  void certificatesOfBothSidesAreAskedFor() throws Exception {
    Path certificates = Files.createDirectories(folder.resolve("certificates"));
    TestCertificates made = new TestCertificates(certificates);
    made.make("h1", "127.0.0.1");
    made.make("edge", "edge.example");
    Agent agent =
        agent(
            "h1",
            SLEEPS,
            "tls: { cert: certificates/h1.pem, key: certificates/h1.key, ca: certificates/ca.pem }");
    assertThat(agent.address().getPort()).isPositive();
    ServiceTls tls =
        new ServiceTls(
            true,
            true,
            false,
            List.of(made.ca()),
            "",
            Optional.of(certificates.resolve("edge.pem")),
            Optional.of(certificates.resolve("edge.key")),
            TlsVersion.TLS_1_2);
    AgentDriver driver = driver("owner", folder.resolve("front"), new Secret(""), tls);
    assertThat(driver.find()).isEmpty();
    Started node = driver.start("shop-1", Release.PLAIN);
    assertThat(ours()).hasSize(1);
    driver.stop(node, GRACE);
    ServiceTls none =
        new ServiceTls(
            true,
            true,
            false,
            List.of(made.ca()),
            "",
            Optional.empty(),
            Optional.empty(),
            TlsVersion.TLS_1_2);
    assertThatThrownBy(
            () -> driver("owner", folder.resolve("none"), new Secret(TOKEN), none).find())
        .as("without a certificate")
        .hasMessageStartingWith("no agent answers; h1: ");
    ServiceTls system =
        new ServiceTls(true, true, false, List.of(), "", tls.cert(), tls.key(), TlsVersion.TLS_1_2);
    assertThatThrownBy(
            () -> driver("owner", folder.resolve("system"), new Secret(TOKEN), system).find())
        .as("an agent that nobody vouches for")
        .hasMessageContaining("is not trusted");
  }

  /** It is neither waited for again and again, nor does it keep others from starting nodes. */
  @Test
  void oneThatIsFrozenStopsNobody() throws Exception {
    agent("h1", SLEEPS, "");
    try (ServerSocket frozen = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      AgentDriver driver = driverOf(Map.of("h1", url("h1"), "h2", urlOf(frozen.getLocalPort())));
      assertThat(driver.find()).isEmpty();
      Started node = driver.start("shop-1", Release.PLAIN);
      long begin = System.nanoTime();
      for (int i = 0; i < 3; i++) {
        assertThat(driver.ended(List.of(node))).isEmpty();
      }
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(10));
      assertThat(driver.agents())
          .extracting(ScaleView.AgentView::answers)
          .containsExactly(true, false);
      assertThat(driver.agents().getLast().words()).contains("(no answer within 3 s)");
      assertThat(connections(frozen)).as("questions that were asked").isLessThanOrEqualTo(4);
    }
  }

  private static int connections(ServerSocket socket) throws IOException {
    socket.setSoTimeout(50);
    int count = 0;
    try {
      while (true) {
        socket.accept().close();
        count++;
      }
    } catch (java.net.SocketTimeoutException e) {
      return count;
    }
  }

  @Test
  void whatIsNoAnswerOfAnAgentDeletesNothing() throws Exception {
    agent("h1", SLEEPS, "");
    AgentDriver before = driver("owner");
    assertThat(before.find()).isEmpty();
    Started node = before.start("shop-1", Release.PLAIN);
    for (String answer :
        List.of("", "{}", "<html>", "{\"most\":1,\"nodes\":[{\"name\":\"../x\"}]}", "endless")) {
      HttpServer other =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
      other.createContext(
          "/",
          exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = exchange.getResponseBody()) {
              byte[] bytes =
                  answer.equals("endless")
                      ? new byte[65536]
                      : answer.getBytes(StandardCharsets.UTF_8);
              do {
                out.write(bytes);
              } while (answer.equals("endless"));
            } catch (IOException e) {
              // As much as was wanted.
            }
          });
      other.start();
      try {
        AgentDriver driver = driverOf(Map.of("h1", urlOf(other.getAddress().getPort())));
        assertThat(driver.find()).as(answer).containsExactly(node);
        assertThat(driver.ended(List.of(node))).as(answer).isEmpty();
        assertThat(driver.agents().getFirst().answers()).as(answer).isFalse();
      } finally {
        other.stop(0);
      }
    }
  }

  @Test
  void onlyWhatItsFileSaysIsRun() throws Exception {
    agent("h1", SLEEPS, "");
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    assertThatThrownBy(() -> driver.start("shop-1", new Release("2", List.of("/bin/sh"), "")))
        .hasMessage("agents run what their own files say, not the command of a deploy");
    assertThatThrownBy(() -> driver.start("shop-1", new Release("../../tmp", List.of(), "")))
        .hasMessageContaining("without '..'");
    AgentDriver other =
        new AgentDriver(
            folder.resolve("front"),
            "owner",
            "bank",
            config(Map.of("h1", url("h1")), new Secret(TOKEN), ServiceTls.NONE),
            events::add);
    assertThat(other.find()).isEmpty();
    assertThatThrownBy(() -> other.start("bank-1", Release.PLAIN))
        .hasMessage(
            "no agent starts it; h1: the file of agent h1 has no service bank; it has shop");
    assertThat(ours()).isEmpty();
  }

  /** A machine that is taken out: what is there has to go, and is not forgotten until it has. */
  @Test
  void oneThatIsNoLongerNamedHasItsNodesGo() throws Exception {
    agent("h1", SLEEPS, "");
    agent("h2", SLEEPS, "");
    AgentDriver driver = driver("owner");
    assertThat(driver.find()).isEmpty();
    Started one = driver.start("shop-1", Release.PLAIN);
    Started two = driver.start("shop-2", Release.PLAIN);
    driver.use(config(Map.of("h1", url("h1")), new Secret(TOKEN), ServiceTls.NONE));
    assertThat(driver.isWanted(one)).isTrue();
    assertThat(driver.isWanted(two)).isFalse();
    assertThat(driver.start("shop-3", Release.PLAIN).zone()).isEqualTo("h1");
    driver.stop(two, GRACE);
    TestProcesses.await(() -> driver.ended(List.of(one)).isEmpty() && driver.agents().size() == 1);
    assertThat(ours()).hasSize(2);
  }

  // --- helpers -----------------------------------------------------------------------------

  private Agent agent(String name, String script, String tls) throws IOException {
    Agent before = agents.get(name);
    int port = before == null ? 0 : before.address().getPort();
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        name: %s
        bind: "127.0.0.1:%d"
        data: %s
        %s
        services:
          shop:
            command: ["sh", "-c", "%s", "{name}", "{port}"]
            environment: { TEST_FOLDER: "%s" }
            most: 4
        """
            .formatted(
                name,
                port,
                folder.resolve("agent-" + name),
                tls.isEmpty() ? "token: " + TOKEN : tls,
                script,
                folder));
    AgentConfig config =
        switch (AgentReader.readFile(file)) {
          case AgentReader.Result.Accepted(AgentConfig accepted) -> accepted;
          case AgentReader.Result.Refused refused -> throw new AssertionError(refused.problems());
        };
    Agent agent = Agent.start(config, random, said::add);
    agents.put(name, agent);
    return agent;
  }

  private String url(String name) {
    Agent agent = agents.get(name);
    if (agent == null) {
      throw new AssertionError("no agent " + name);
    }
    return urlOf(agent.address().getPort());
  }

  private static String urlOf(int port) {
    return "http://127.0.0.1:" + port;
  }

  private AgentDriver driver(String owner) throws IOException {
    return driver(owner, folder.resolve("front"), null);
  }

  private AgentDriver driver(String owner, Path data, @Nullable String only) throws IOException {
    Map<String, String> urls = new LinkedHashMap<>();
    for (String name : agents.keySet()) {
      if (only == null || only.equals(name)) {
        urls.put(name, url(name));
      }
    }
    return new AgentDriver(
        data, owner, "shop", config(urls, new Secret(TOKEN), ServiceTls.NONE), events::add);
  }

  private AgentDriver driver(String owner, Path data, Secret token, ServiceTls tls)
      throws IOException {
    Map<String, String> urls = new LinkedHashMap<>();
    for (String name : agents.keySet()) {
      urls.put(name, tls.enabled() ? url(name).replace("http:", "https:") : url(name));
    }
    return new AgentDriver(data, owner, "shop", config(urls, token, tls), events::add);
  }

  private AgentDriver driverOf(Map<String, String> urls) throws IOException {
    return new AgentDriver(
        folder.resolve("front"),
        "owner",
        "shop",
        config(urls, new Secret(TOKEN), ServiceTls.NONE),
        events::add);
  }

  private static ScaleDriver.Agents config(Map<String, String> urls, Secret token, ServiceTls tls) {
    Map<String, ScaleDriver.Agents.Agent> all = new LinkedHashMap<>();
    urls.forEach((name, url) -> all.put(name, new ScaleDriver.Agents.Agent(url, name)));
    return new ScaleDriver.Agents(all, token, tls);
  }

  /** Processes that agents of this test have started, and what they have. */
  private List<Long> ours() throws IOException {
    return TestProcesses.of(folder);
  }
}
