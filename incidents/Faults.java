import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The faults, in an order in which no node is hurt again before it has long been well. */
final class Faults {
  static final List<Fault> ALL =
      List.of(
          fault("1", "slow node, x4", "s1 takes 4 times as long", true)
              .named(Map.of("node", "s1"))
              .says("slow")
              .by((shop, _) -> shop.control("s1", "factor=4"), heal("s1")),
          fault("3", "one network floods", "127.200.7.0/24 asks for /catalog, 3 times what all others ask", true)
              .named(Map.of("client", "127.200.7.0"))
              .says("grown")
              .by(
                  (_, shoppers) -> shoppers.flood = 3 * LiveIncidents.rate(),
                  (_, shoppers) -> shoppers.flood = 0),
          fault("9", "half-dead node", "p2 answers 500, but its health check 200", true)
              .named(Map.of("node", "p2"))
              .says("fail", "error")
              .by((shop, _) -> shop.control("p2", "status=500"), heal("p2")),
          fault("11", "slow dependency of four routes", "four routes take 300 ms longer", true)
              .named(Map.of("route", "account, cart, orders, wishlist"))
              .says("slow")
              .by(
                  (shop, _) -> {
                    for (String path : List.of("/account", "/cart", "/orders", "/wishlist")) {
                      shop.controlAll(shop.of("shop"), "add=300&path=" + path);
                    }
                  },
                  (shop, _) -> shop.controlAll(shop.of("shop"), "heal")),
          fault("17", "wrong chain", "secure shows a certificate of another authority", true)
              .named(Map.of("listener", "secure"))
              .says("handshake", "certificate")
              .by((shop, _) -> shop.show("wrong"), (shop, _) -> shop.show("good")),
          fault("28", "cold new node", "s9 joins and takes 20 times as long", false)
              .named(Map.of("node", "s9"))
              .says("joined")
              .by(Faults::join, Faults::leave),
          fault("24b", "the instance is out of descriptors", "prlimit of Fairlead", true)
              .named(Map.of("resource", "descriptors"))
              .says("descriptors")
              .by(
                  (shop, _) ->
                      Shop.limitDescriptors(
                          shop.fairleadPid(), Shop.open(shop.fairleadPid()) + 40),
                  (shop, _) -> Shop.unlimitDescriptors(shop.fairleadPid())),
          fault("8", "crash", "kill -9 s2", true)
              .named(Map.of("node", "s2"))
              .says("down")
              .by((shop, _) -> shop.kill("s2"), (shop, _) -> shop.startNode("s2")),
          fault("4", "scraper of a costly page", "a user agent asks /search?deep=1, 5 % of all", false)
              .named(
                  Map.of("user_agent", "scraper/1.0"),
                  Map.of("user_agent", "scraper/1.0", "route", "search"))
              .says("slow")
              .by(
                  (_, shoppers) -> shoppers.scraper = 0.05 * LiveIncidents.rate(),
                  (_, shoppers) -> shoppers.scraper = 0),
          fault("7", "a node fails a little", "s3 answers 502 to 2 %", false)
              .named(Map.of("node", "s3"))
              .says("fail", "error")
              .by((shop, _) -> shop.control("s3", "status=502&share=0.02"), heal("s3")),
          fault("19", "pool exhausted", "configuration: one connection per node of pay", true)
              .named(Map.of("service", "pay"), Map.of("route", "pay"))
              .says("wait", "more to do", "queue")
              .by(
                  (shop, _) ->
                      shop.change("requests-per-node: 3", "connections-per-node: 1"),
                  (shop, _) -> shop.changeBack()),
          fault("5", "pauses as of garbage collection", "SIGSTOP to s4, 0.4 s in 3 s", false)
              .named(Map.of("node", "s4"))
              .says("pauses")
              .by((shop, _) -> stopping(shop, "s4", 400, 2600), (shop, _) -> going(shop, "s4")),
          fault("2", "bad version on a route", "version 2 (s7, s8): 40 % of /checkout get 500", false)
              .named(Map.of("route", "checkout", "version", "2"))
              .says("fail", "error")
              .by(
                  (shop, _) ->
                      shop.controlAll(
                          Stream.of("s7", "s8"), "status=500&share=0.4&path=/checkout"),
                  (shop, _) -> shop.controlAll(Stream.of("s7", "s8"), "heal")),
          fault("10", "flapping health check", "p3 fails its health check for 5 s, then not", true)
              .named(Map.of("node", "p3"))
              .says("flaps")
              .lasts(36)
              .by((shop, _) -> flapping(shop, "p3"), (shop, _) -> steady(shop, "p3")),
          fault("30", "slow clients", "clients of mobile/7 take 100 kB/s", false)
              .named(
                  Map.of("user_agent", "mobile/7"),
                  Map.of("user_agent", "mobile/7", "route", "download"))
              .says("received slowly")
              .by(
                  (_, shoppers) -> shoppers.slowMobiles = true,
                  (_, shoppers) -> shoppers.slowMobiles = false),
          fault("20", "retry storm", "pay answers 503 to 30 %, repeated up to 3 times", true)
              .named(Map.of("service", "pay"), Map.of("route", "pay"))
              .says("try", "repeat")
              .by(
                  (shop, _) -> {
                    shop.change(
                        "service: pay, timeout: 5s",
                        "service: pay, timeout: 5s, retry: { attempts: 3, on: [connect, \"503\"],"
                            + " methods: [GET, POST], budget: 100% }");
                    shop.controlAll(shop.of("pay"), "status=503&share=0.3");
                  },
                  (shop, _) -> {
                    shop.controlAll(shop.of("pay"), "heal");
                    shop.changeBack();
                  }),
          fault("6", "node at its limit of processor time", "SIGSTOP to s5, 70 ms in 100", true)
              .named(Map.of("node", "s5"))
              .says("slow")
              .by((shop, _) -> stopping(shop, "s5", 70, 30), (shop, _) -> going(shop, "s5")),
          fault("16", "certificate near its end", "secure shows one that ends in 5 days", true)
              .named(Map.of("listener", "secure"))
              .says("expires in")
              .by((shop, _) -> shop.show("ending"), (shop, _) -> shop.show("good")),
          fault("22", "100 ms to one rack", "nodes of zone z0 answer 100 ms later", true)
              .named(Map.of("zone", "z0"))
              .says("slow")
              .by(
                  (shop, _) -> shop.controlAll(shop.inZone("z0"), "add=100"),
                  (shop, _) -> shop.controlAll(shop.inZone("z0"), "heal")),
          fault("18", "bad rewrite", "configuration: /orders reach nodes as /v3/orders, 404", true)
              .named(Map.of("route", "orders"))
              .says("configuration")
              .by(
                  (shop, _) ->
                      shop.change(
                          "\"/orders/**\" }, service: shop",
                          "\"/orders/**\" }, service: shop, rewrite: { path: \"/v3{path}\" }"),
                  (shop, _) -> shop.changeBack()),
          fault("24a", "a node is out of descriptors", "prlimit of s6 to half of what it has open", true)
              .named(Map.of("node", "s6"))
              .says("down", "fail", "error", "slow")
              .by(
                  (shop, _) -> Shop.limitDescriptors(shop.pid("s6"), Shop.open(shop.pid("s6")) / 2),
                  (shop, _) -> Shop.unlimitDescriptors(shop.pid("s6"))),
          fault("25", "disk full", "the file system of the data folder is filled up", false)
              .named(Map.of("resource", "disk"))
              .says("disk", "space")
              .by((shop, _) -> shop.fillDisk(), (shop, _) -> shop.emptyDisk()),
          fault("27", "more than there is room for", "4 times the payments; pay has 12 places", true)
              .named(Map.of("service", "pay"), Map.of("route", "pay"))
              .says("more to do", "wait")
              .by(
                  (_, shoppers) -> shoppers.payments = 0.24 * LiveIncidents.rate(),
                  (_, shoppers) -> shoppers.payments = 0),
          fault("23", "large answers hang", "nodes of zone z2 send 1,400 bytes of a body", true)
              .named(
                  Map.of("zone", "z2"),
                  Map.of("zone", "z2", "service", "shop"),
                  Map.of("node", "s2, s5, s8"))
              .says("stall", "fail", "break off", "slow")
              .by(
                  (shop, _) -> shop.controlAll(shop.inZone("z2"), "stall=1400"),
                  (shop, _) -> shop.controlAll(shop.inZone("z2"), "heal")),
          fault("P2", "a node fails during a ramp", "traffic grows by 1 % a second; p4 fails 10 %", true)
              .named(Map.of("node", "p4"))
              .says("fail", "error")
              .by(
                  (shop, shoppers) -> {
                    ramp(shoppers, 0.01);
                    shop.control("p4", "status=500&share=0.1");
                  },
                  (shop, shoppers) -> {
                    stop();
                    shoppers.more = 1;
                    shop.control("p4", "heal");
                  }),
          fault("P3", "a hundredth of the traffic fails", "/admin answers 500 to half", false)
              .named(Map.of("route", "admin"))
              .says("fail")
              .by(
                  (shop, _) -> shop.controlAll(shop.of("shop"), "status=500&share=0.5&path=/admin"),
                  (shop, _) -> shop.controlAll(shop.of("shop"), "heal")),
          control("C2", "sale", "3 times the traffic on all routes, with room", 30)
              .by(
                  (shop, shoppers) -> {
                    shop.change("requests-per-node: 3", "requests-per-node: 20");
                    shoppers.more = 3;
                  },
                  (shop, shoppers) -> {
                    shoppers.more = 1;
                    shop.changeBack();
                  }),
          control("C3", "planned drain", "s1 is drained, stopped, started again", 30)
              .by(Faults::drain, (_, _) -> {}),
          control("C5", "backup job", "a client fetches 3 MB 5 times a second", 30)
              .by((_, shoppers) -> shoppers.backup = 5, (_, shoppers) -> shoppers.backup = 0),
          control("C6", "other clients", "clients nobody has seen, four times as many mobile", 30)
              .by(
                  (_, shoppers) -> {
                    shoppers.newcomers = 350;
                    shoppers.mobiles = 0.4;
                  },
                  (_, shoppers) -> {
                    shoppers.newcomers = 0;
                    shoppers.mobiles = 0.1;
                  }));

  /** What is listed and cannot be played, and why. */
  static final Map<String, String> NOT_RUN =
      new java.util.TreeMap<>(
          Map.of(
              "12", "database primary fails over: the shop has no database; make chaos-database plays it",
              "13", "replica lag: the same",
              "14", "DNS misroute: clients of the shop ask no DNS",
              "15", "DNS slow or failing: nodes of the shop are not found by DNS",
              "21", "one load balancer of several bad: an instance sees its own requests only",
              "26", "split brain of load balancers: one instance; make chaos-group plays it",
              "29", "clock of a node wrong: nothing of it enters; all times are Fairlead's own"));

  /** Those of a first look. */
  static final List<String> QUICK = List.of("1", "3", "9", "11", "8", "7");

  private Faults() {}

  private static Making fault(String number, String name, String injected, boolean loud) {
    return new Making(number, name, injected, loud);
  }

  private static Making control(String number, String name, String injected, int seconds) {
    return new Making(number, name, injected, false).lasts(seconds);
  }

  private static Fault.Step heal(String node) {
    return (shop, _) -> shop.control(node, "heal");
  }

  /** A fault on its way into the list. */
  private static final class Making {
    private final String number;
    private final String name;
    private final String injected;
    private final boolean loud;
    private List<Map<String, String>> causes = List.of();
    private List<String> words = List.of();
    private int least;

    Making(String number, String name, String injected, boolean loud) {
      this.number = number;
      this.name = name;
      this.injected = injected;
      this.loud = loud;
    }

    @SafeVarargs
    final Making named(Map<String, String>... any) {
      causes = List.of(any);
      return this;
    }

    Making says(String... any) {
      words = List.of(any);
      return this;
    }

    Making lasts(int seconds) {
      least = seconds;
      return this;
    }

    Fault by(Fault.Step begin, Fault.Step end) {
      return new Fault(number, name, injected, loud, causes, words, least, begin, end);
    }
  }

  // --- what takes its time --------------------------------------------------------------------

  private static volatile Thread going;

  private interface Loop {
    void once() throws Exception;
  }

  private static void again(Loop loop) {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .unstarted(() -> {
              try {
                while (going == Thread.currentThread()) {
                  loop.once();
                }
              } catch (Exception e) {
                System.err.println("incidents: " + e);
              }
            });
    going = thread; // before it asks
    thread.start();
  }

  private static void stop() throws InterruptedException {
    Thread thread = going;
    going = null;
    if (thread != null) {
      thread.join();
    }
  }

  private static void stopping(Shop shop, String node, int stopped, int goes) {
    again(() -> {
      shop.signal(node, "STOP");
      Thread.sleep(stopped);
      shop.signal(node, "CONT");
      Thread.sleep(goes);
    });
  }

  private static void going(Shop shop, String node) throws Exception {
    stop();
    shop.signal(node, "CONT");
  }

  private static void flapping(Shop shop, String node) {
    again(() -> {
      shop.control(node, "health=fail");
      Thread.sleep(5_000);
      shop.control(node, "health=ok");
      Thread.sleep(5_000);
    });
  }

  private static void steady(Shop shop, String node) throws Exception {
    stop();
    shop.control(node, "health=ok");
  }

  private static void ramp(Shoppers shoppers, double perSecond) {
    again(() -> {
      Thread.sleep(1_000);
      if (shoppers.more < 1.6) {
        shoppers.more += perSecond;
      }
    });
  }

  private static void join(Shop shop, Shoppers shoppers) throws Exception {
    shop.startNode("s9");
    shop.control("s9", "factor=20");
    shop.must(
        "PUT",
        "/api/v1/services/shop/nodes/127.0.0.1:" + shop.another().port(),
        "{\"name\":\"s9\",\"zone\":\"z0\",\"labels\":{\"version\":\"1\"}}");
  }

  private static void leave(Shop shop, Shoppers shoppers) throws Exception {
    shop.must("DELETE", "/api/v1/services/shop/nodes/127.0.0.1:" + shop.another().port(), "");
    Thread.sleep(1_000);
    shop.stopNode("s9");
  }

  private static String door(Shop shop, String node) {
    Shop.Member member = shop.members.get(node);
    return "/api/v1/services/" + member.service() + "/nodes/127.0.0.1:" + member.port();
  }

  private static void drain(Shop shop, Shoppers shoppers) throws Exception {
    shop.must("POST", door(shop, "s1") + "/drain", "{}");
    Thread.sleep(5_000);
    shop.stopNode("s1");
    Thread.sleep(5_000);
    shop.startNode("s1");
    Thread.sleep(3_000);
    shop.must("POST", door(shop, "s1") + "/undrain", "{}");
  }
}
