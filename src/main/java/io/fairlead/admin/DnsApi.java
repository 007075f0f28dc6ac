package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.dns.DnsView;
import io.fairlead.dns.Forced;
import io.fairlead.group.GroupException;
import io.fairlead.telemetry.Event;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names that are answered for: what is answered, and what an operator says of members. */
final class DnsApi {
  private static final Map<String, Integer> TYPES =
      Map.ofEntries(
          Map.entry("A", 1),
          Map.entry("NS", 2),
          Map.entry("CNAME", 5),
          Map.entry("SOA", 6),
          Map.entry("PTR", 12),
          Map.entry("MX", 15),
          Map.entry("TXT", 16),
          Map.entry("AAAA", 28),
          Map.entry("SRV", 33),
          Map.entry("DS", 43),
          Map.entry("SVCB", 64),
          Map.entry("HTTPS", 65),
          Map.entry("ANY", 255),
          Map.entry("CAA", 257));

  private final Instance instance;

  DnsApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint(
            "GET",
            "/api/v1/dns",
            Role.VIEWER,
            "Zones that are answered for, with the members of balanced names.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, Zones.class),
            this::zones),
        new Endpoint(
            "GET",
            "/api/v1/dns/answer",
            Role.VIEWER,
            "The answer that a client would get now.",
            List.of(
                new Parameter("name", "Such as www.example.com.", true, false),
                new Parameter("type", "Such as AAAA; default: A.", false, false),
                new Parameter(
                    "client", "Address of the client; default: 127.0.0.1.", false, false)),
            Body.NONE,
            Map.of(Api.JSON, AnswerView.class),
            this::answer),
        new Endpoint(
            "POST",
            "/api/v1/dns/names/{name}/members/{address}/{state}",
            Role.OPERATOR,
            "Says what counts of a member of a balanced name, whatever probes say: up, down, drain,"
                + " or auto, what probes say. In a group all instances follow, and it stays; alone it"
                + " outlives changes of the configuration, not the process.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, Zones.class),
            this::force));
  }

  @Doc("Zones that are answered for.")
  record Zones(List<ZoneView> zones) {
    static Zones of(List<DnsView.Zone> zones) {
      return new Zones(zones.stream().map(ZoneView::of).toList());
    }
  }

  @Doc("One zone.")
  record ZoneView(
      String name,
      @Doc("Of its SOA.") long serial,
      @Doc("Records that do not change.") int records,
      List<NameView> names) {
    static ZoneView of(DnsView.Zone zone) {
      return new ZoneView(
          zone.name(),
          zone.serial(),
          zone.records(),
          zone.names().stream().map(NameView::of).toList());
    }
  }

  @Doc("A name whose addresses are chosen for each answer.")
  record NameView(
      String name,
      String policy,
      @Doc("No pool has enough members that are up: answers have all there are.") boolean failOpen,
      @Doc("The pool that is used, from 1; 0: none has any member.") int pool,
      @Doc("Seconds that an answer may be kept now.") int ttl,
      List<PoolView> pools) {
    static NameView of(DnsView.Name name) {
      return new NameView(
          name.name(),
          name.policy(),
          name.failOpen(),
          name.pool(),
          name.ttl(),
          name.pools().stream()
              .map(pool ->
                  new PoolView(pool.text(), pool.members().stream().map(MemberView::of).toList()))
              .toList());
    }
  }

  @Doc("Members that stand together.")
  record PoolView(@Doc("Where they come from.") String from, List<MemberView> members) {}

  @Doc("A member.")
  record MemberView(
      String address,
      String name,
      @Doc("up, down or draining.") String state,
      @Doc("What an operator says: auto, up, down or drain.") String forced,
      @Doc("Whether answers have it now.") boolean answered,
      double weight,
      String site) {
    static MemberView of(DnsView.One one) {
      return new MemberView(
          one.address(),
          one.name(),
          one.state(),
          one.forced(),
          one.answered(),
          one.weight(),
          one.site());
    }
  }

  @Doc("An answer.")
  record AnswerView(
      @Doc("Such as NOERROR or NXDOMAIN.") String code,
      boolean authoritative,
      @Doc("Records, as people write them.") List<String> answers,
      List<String> authority) {}

  private DnsDoor door() {
    DnsDoor door = instance.dns();
    if (door == null) {
      throw Refusal.of(404, "Nothing is answered: the configuration has no dns.");
    }
    return door;
  }

  private Answer zones(Call call) {
    DnsDoor door = instance.dns();
    return Answer.json(door == null ? new Zones(List.of()) : Zones.of(door.zones()));
  }

  private Answer answer(Call call) {
    String name = parameter(call, "name");
    if (name == null
        || !name.matches("(?=.{1,253}\\.?$)([A-Za-z0-9_*-]{1,63}\\.)*[A-Za-z0-9_*-]{1,63}\\.?")) {
      throw Refusal.of(400, "name: must be a name of the DNS, such as www.example.com.");
    }
    String type = parameter(call, "type");
    Integer number = TYPES.get(type == null ? "A" : type.toUpperCase(Locale.ROOT));
    if (number == null) {
      throw Refusal.of(
          400,
          "type: must be one of "
              + String.join(", ", TYPES.keySet().stream().sorted().toList())
              + ".");
    }
    String client = parameter(call, "client");
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(client == null ? "127.0.0.1" : client);
    } catch (IllegalArgumentException _) {
      throw Refusal.of(400, "client: must be an address.");
    }
    DnsView.Asked asked =
        door()
            .ask(name.endsWith(".") ? name.substring(0, name.length() - 1) : name, number, address);
    return Answer.json(
        new AnswerView(asked.code(), asked.authoritative(), asked.answers(), asked.authority()));
  }

  private static @Nullable String parameter(Call call, String name) {
    return call.query(name);
  }

  private Answer force(Call call) {
    String state = call.path("state");
    Forced said =
        Arrays.stream(Forced.values())
            .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(state))
            .findFirst()
            .orElseThrow(() -> Refusal.of(400, "The state must be up, down, drain or auto."));
    DnsDoor door = door();
    String objection;
    try {
      objection = door.force(call.path("name"), call.path("address"), said);
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
    if (objection != null) {
      throw Refusal.of(
          404, Character.toUpperCase(objection.charAt(0)) + objection.substring(1) + ".");
    }
    instance
        .events()
        .add(
            new Event.Audit(
                call.who(),
                "dns: " + call.path("address") + " of " + call.path("name") + " is " + state));
    return Answer.json(Zones.of(door.zones()));
  }
}
