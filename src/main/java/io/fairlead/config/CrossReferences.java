package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** What places of a file say about each other, whether or not the rest of it is right. */
final class CrossReferences {
  private record Listen(HostPort address, Spot spot) {}

  private record Reference(String kind, String name, Spot spot, boolean isKey) {}

  private final List<Listen> listens = new ArrayList<>();
  private final List<Reference> references = new ArrayList<>();

  @SuppressWarnings("ReferenceEquality") // one constant each, and there is one note per value
  void note(Scalar<?> scalar, Object value, Spot spot) {
    if (scalar == Language.LISTEN_ADDRESS) {
      listens.add(new Listen((HostPort) value, spot));
    } else if (scalar == RouteLanguage.SERVICE_NAME) {
      references.add(new Reference("service", (String) value, spot, false));
    } else if (scalar == FilterLanguage.FILTER_NAME) {
      references.add(new Reference("filter", (String) value, spot, false));
    } else if (scalar == RouteLanguage.DATABASE_NAME) {
      references.add(new Reference("database", (String) value, spot, false));
    }
  }

  void noteName(MapOf.Names names, String name, Spot spot) {
    if (names == MapOf.Names.SERVICE) {
      references.add(new Reference("service", name, spot, true));
    }
  }

  void check(Spot root, BiConsumer<Spot, String> refuse, BiConsumer<Spot, String> refuseKey) {
    Map<String, Set<String>> known =
        Map.of(
            "service",
            names(root, "services"),
            "database",
            names(root, "databases"),
            "filter",
            names(root, "filters"));
    int suggestions = 0;
    for (Reference reference : references) {
      Set<String> names = known.getOrDefault(reference.kind(), Set.of());
      if (!names.contains(reference.name())) {
        String hint =
            suggestions++ < FairleadConfig.MAX_SUGGESTIONS
                ? Suggest.among(reference.name(), names)
                : "";
        String rule =
            reference.kind().equals("service")
                    && known.getOrDefault("database", Set.of()).contains(reference.name())
                ? FairleadConfig.NO_SERVICE_BUT_A_DATABASE
                : "must be the name of a " + reference.kind() + hint;
        (reference.isKey() ? refuseKey : refuse).accept(reference.spot(), rule);
      }
    }
    checkListens(root, refuse);
  }

  private static Set<String> names(Spot root, String key) {
    Spot spot = root.child(key);
    return spot == null ? Set.of() : spot.childNames();
  }

  // The operator's door comes first, wherever it stands in the file and also when it does not.
  private void checkListens(Spot root, BiConsumer<Spot, String> refuse) {
    Spot admin = root.child("admin");
    Binds<String> binds = new Binds<>();
    if (admin == null || (!admin.isWrong() && admin.child("bind") == null)) {
      binds.add(AdminConfig.DEFAULT.bind(), "admin.bind");
    }
    for (Listen listen : listens) {
      if (Objects.equals(listen.spot().up(1), admin)) {
        binds.add(listen.address(), listen.spot().pathAndLine());
      }
    }
    Binds<String> datagrams = new Binds<>();
    for (Listen listen : listens) {
      if (!Objects.equals(listen.spot().up(1), admin)) {
        String other =
            (isUdp(listen.spot()) ? datagrams : binds)
                .add(listen.address(), listen.spot().pathAndLine());
        if (other != null) {
          refuse.accept(listen.spot(), "must be free, but " + other + " takes it");
        }
      }
    }
  }

  /** Ports for datagrams are others than those for connections. */
  private static boolean isUdp(Spot address) {
    for (int steps = 1; steps <= 2; steps++) { // in a list or alone
      Spot protocol = address.up(steps).child("protocol");
      if (protocol != null) {
        return protocol.value() instanceof ScalarNode scalar && scalar.getValue().equals("udp");
      }
    }
    return false;
  }
}
