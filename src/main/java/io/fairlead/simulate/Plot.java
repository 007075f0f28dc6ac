package io.fairlead.simulate;

import io.fairlead.simulate.Outcome.Figures;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * The 99th percentile of every policy, drawn as an SVG without anything else: over load where there
 * are several loads, over the number of instances where there are several of those, and as bars
 * with median, p99 and p99.9 where nothing varies. Latency on a logarithmic scale, since policies
 * differ by factors; names stand at the ends of their lines, not in a legend that has to be looked
 * up.
 */
final class Plot {
  private static final int WIDTH = 860;
  private static final int LEFT = 70;
  private static final int RIGHT = 210;
  private static final int TOP = 56;
  private static final int BOTTOM = 52;
  private static final int LINE_HEIGHT = 15;

  /** Told apart also by those who do not tell red from green [Okabe and Ito, 2008]. */
  private static final List<String> COLOURS =
      List.of(
          "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c6d31",
          "#5f6b76", "#b22222", "#2f4f4f", "#1b9e77");

  private final StringBuilder svg = new StringBuilder();
  private final int height;
  private final double low;
  private final double high;

  private Plot(int height, double low, double high) {
    this.height = height;
    // from a little below the smallest to a little above the largest
    this.low = Math.log10(Math.max(low, 0.01) * 0.85);
    this.high = Math.log10(Math.max(high, 0.02) * 1.15);
  }

  /** The picture of all figures, in the order of the description. */
  static String of(List<Figures> figures) {
    long loads = figures.stream().mapToDouble(Figures::load).distinct().count();
    long instances = figures.stream().mapToInt(Figures::instances).distinct().count();
    if (loads > 1) {
      int first = figures.getFirst().instances();
      List<Figures> shown = figures.stream().filter(row -> row.instances() == first).toList();
      return lines(shown, Figures::load, "load", "p99 over load" + of(first));
    }
    return instances > 1
        ? lines(
            figures,
            row -> row.instances(),
            "instances",
            "p99 over the number of instances, load " + Outcome.trim(figures.getFirst().load()))
        : bars(figures);
  }

  private static String of(int instances) {
    return instances == 1 ? "" : ", " + instances + " instances";
  }

  // lines

  /** A line that ends at a height, and where its name goes. */
  private record End(String name, String colour, double y) {}

  private static String lines(
      List<Figures> figures, ToDoubleFunction<Figures> over, String what, String title) {
    double[] places = figures.stream().mapToDouble(over).distinct().toArray();
    List<String> policies = figures.stream().map(Figures::policy).distinct().toList();
    double low = figures.stream().mapToDouble(Figures::p99).min().orElse(1);
    double high = figures.stream().mapToDouble(Figures::p99).max().orElse(10);
    Plot plot = new Plot(Math.max(460, TOP + BOTTOM + policies.size() * LINE_HEIGHT), low, high);
    plot.begin(title);
    plot.grid();
    for (int i = 0; i < places.length; i++) {
      double x = x(i, places);
      plot.text(x, plot.height - BOTTOM + 20, "middle", "#444", Outcome.trim(places[i]));
    }
    plot.text(LEFT + (WIDTH - LEFT - RIGHT) / 2.0, plot.height - 12, "middle", "#444", what);
    List<End> ends = new ArrayList<>();
    for (String policy : policies) {
      String colour = COLOURS.get(ends.size() % COLOURS.size());
      List<Figures> rows = figures.stream().filter(row -> row.policy().equals(policy)).toList();
      StringBuilder points = new StringBuilder();
      StringBuilder dots = new StringBuilder();
      double y = 0;
      for (int i = 0; i < rows.size(); i++) {
        y = plot.y(rows.get(i).p99());
        points.append(number(x(i, places))).append(',').append(number(y)).append(' ');
        dots.append("<circle cx=\"").append(number(x(i, places))).append("\" cy=\"");
        dots.append(number(y)).append("\" r=\"3\" fill=\"").append(colour).append("\"><title>");
        dots.append(policy).append(": ").append(Outcome.millis(rows.get(i).p99()));
        dots.append(" ms</title></circle>\n");
      }
      plot.svg.append("<polyline fill=\"none\" stroke=\"").append(colour);
      plot.svg.append("\" stroke-width=\"2\"");
      plot.svg.append(policy.contains(":") ? " stroke-dasharray=\"5 3\"" : "");
      plot.svg.append(" points=\"").append(points.toString().strip()).append("\"/>\n").append(dots);
      ends.add(new End(policy + " " + Outcome.millis(rows.getLast().p99()), colour, y));
    }
    plot.names(ends);
    return plot.end();
  }

  /** Where on the way from the first to the last it lies; many instances by powers. */
  private static double x(int index, double[] places) {
    double inner = WIDTH - LEFT - RIGHT - 40.0;
    double first = scaled(places[0]);
    double last = scaled(places[places.length - 1]);
    double share = first == last ? 0.5 : (scaled(places[index]) - first) / (last - first);
    return LEFT + 20 + inner * share;
  }

  private static double scaled(double place) {
    return place >= 1 ? 1 + Math.log10(place) : place;
  }

  /** Names beside the ends of their lines, moved apart where they would lie over each other. */
  private void names(List<End> ends) {
    List<End> sorted = new ArrayList<>(ends);
    sorted.sort(Comparator.comparingDouble(End::y));
    double[] at = sorted.stream().mapToDouble(End::y).toArray();
    for (int i = 1; i < at.length; i++) {
      at[i] = Math.max(at[i], at[i - 1] + LINE_HEIGHT);
    }
    double lowest = height - BOTTOM + 4.0;
    for (int i = at.length - 1; i >= 0; i--) {
      at[i] = Math.min(at[i], lowest);
      lowest = at[i] - LINE_HEIGHT;
    }
    for (int i = 0; i < at.length; i++) {
      End end = sorted.get(i);
      double x = WIDTH - RIGHT - 20.0;
      svg.append("<path fill=\"none\" stroke=\"").append(end.colour()).append("\" opacity=\"0.5\"");
      svg.append(" d=\"M").append(number(x + 5)).append(' ').append(number(end.y()));
      svg.append(" L").append(number(x + 20)).append(' ').append(number(at[i])).append("\"/>\n");
      text(x + 24, at[i] + 4, "start", end.colour(), end.name());
    }
  }

  // bars

  private static String bars(List<Figures> figures) {
    double low = figures.stream().mapToDouble(Figures::p50).min().orElse(1);
    double high = figures.stream().mapToDouble(Figures::p999).max().orElse(10);
    Plot plot = new Plot(TOP + BOTTOM + figures.size() * 26, low, high);
    Figures first = figures.getFirst();
    plot.begin("Median, p99 and p99.9, load " + Outcome.trim(first.load()) + of(first.instances()));
    for (double value : plot.marks()) {
      double x = plot.across(value);
      plot.line(x, TOP, x, plot.height - (double) BOTTOM);
      plot.text(x, plot.height - BOTTOM + 18.0, "middle", "#444", Outcome.trim(value));
    }
    plot.text(WIDTH / 2.0, plot.height - 10.0, "middle", "#444", "milliseconds");
    for (int i = 0; i < figures.size(); i++) {
      Figures row = figures.get(i);
      double y = TOP + 13 + i * 26;
      String colour = COLOURS.get(i % COLOURS.size());
      plot.text(RIGHT - 12, y + 4, "end", "#222", row.policy());
      plot.svg.append("<path stroke=\"").append(colour).append("\" stroke-width=\"3\" d=\"M");
      plot.svg.append(number(plot.across(row.p50()))).append(' ').append(number(y)).append(" H");
      plot.svg.append(number(plot.across(row.p999()))).append("\"/>\n");
      plot.dot(plot.across(row.p50()), y, 3, colour);
      plot.dot(plot.across(row.p99()), y, 6, colour);
      plot.dot(plot.across(row.p999()), y, 3, colour);
      plot.text(WIDTH - 60, y + 4, "start", colour, Outcome.millis(row.p99()));
    }
    return plot.end();
  }

  private void dot(double x, double y, int radius, String colour) {
    svg.append("<circle cx=\"").append(number(x)).append("\" cy=\"").append(number(y));
    svg.append("\" r=\"").append(radius).append("\" fill=\"").append(colour).append("\"/>\n");
  }

  /** From left to right, for bars. */
  private double across(double value) {
    double share = (Math.log10(Math.max(value, 0.01)) - low) / (high - low);
    return RIGHT + share * (WIDTH - RIGHT - 80);
  }

  // what both have

  private void begin(String title) {
    svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ").append(WIDTH);
    svg.append(' ').append(height).append("\" width=\"").append(WIDTH).append("\" height=\"");
    svg.append(height).append("\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n");
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"").append(LEFT);
    svg.append("\" y=\"30\" font-size=\"16\" fill=\"#222\">").append(title).append("</text>\n");
  }

  private void grid() {
    for (double value : marks()) {
      double y = y(value);
      line(LEFT, y, WIDTH - (double) RIGHT, y);
      text(LEFT - 8, y + 4, "end", "#444", Outcome.trim(value));
    }
    text(LEFT - 8, TOP - 8, "end", "#444", "ms");
  }

  /** 1, 2 and 5 of each power of ten that fits. */
  private List<Double> marks() {
    List<Double> marks = new ArrayList<>();
    for (int power = (int) Math.floor(low); power <= high; power++) {
      for (int step : new int[] {1, 2, 5}) {
        double value = step * Math.pow(10, power);
        if (Math.log10(value) >= low && Math.log10(value) <= high) {
          marks.add(value);
        }
      }
    }
    return marks;
  }

  private double y(double value) {
    double share = (Math.log10(Math.max(value, 0.01)) - low) / (high - low);
    return height - BOTTOM - share * (height - BOTTOM - TOP);
  }

  private void line(double x, double y, double toX, double toY) {
    svg.append("<line stroke=\"#ddd\" x1=\"").append(number(x)).append("\" y1=\"");
    svg.append(number(y)).append("\" x2=\"").append(number(toX)).append("\" y2=\"");
    svg.append(number(toY)).append("\"/>\n");
  }

  private void text(double x, double y, String anchor, String colour, String text) {
    svg.append("<text x=\"").append(number(x)).append("\" y=\"").append(number(y));
    svg.append("\" text-anchor=\"").append(anchor).append("\" fill=\"").append(colour);
    svg.append("\">").append(text).append("</text>\n");
  }

  private String end() {
    return svg.append("</svg>\n").toString();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
