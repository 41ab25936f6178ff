defmodule Programs.ElixirText do
  # String, Regex, Integer, Float, inspect, sigils, binaries, protocols, structs, with, exceptions.
  defstruct name: "x", age: 1

  defprotocol Shape do
    def area(s)
  end

  defmodule Square do
    defstruct [:side]
  end

  defimpl Shape, for: Square do
    def area(%{side: s}), do: s * s
  end

  defimpl Shape, for: Tuple do
    def area({:circle, r}), do: 3 * r * r
  end

  defmodule MyError do
    defexception [:message, code: 5]
  end

  def main do
    s = "Héllo, Wörld €"

    [
      String.length(s), String.upcase(s), String.downcase(s), String.capitalize("élan"), String.reverse(s), String.graphemes("e\u0301x"), String.codepoints(s), String.split("a b  c"), String.split("a,b,c", ",", parts: 2),
      String.replace(s, "l", "L"), String.replace("a1b2", ~r/\d/, fn d -> "<#{d}>" end), String.trim("  x "), String.trim_leading("xxa", "x"), String.pad_leading("7", 3, "0"), String.slice(s, 1..4), String.slice(s, -3, 2), String.at(s, 1),
      String.contains?(s, ["zz", "W"]), String.starts_with?(s, "H"), String.ends_with?(s, "€"), String.to_integer("42"), String.to_float("1.5"), String.to_charlist(s), String.valid?(<<255>>), String.duplicate("ab", 3), String.jaro_distance("abc", "abd"),
      String.split_at(s, 3), String.first(""), String.last(s), String.next_grapheme("ab"), String.normalize("e\u0301", :nfc) == "é", String.myers_difference("abc", "abd"), String.to_existing_atom("main"), String.bag_distance("ab", "ba"), String.equivalent?("e\u0301", "é"),
      Regex.run(~r/(\w+)@(\w+)/, "joe@example"), Regex.scan(~r/\d+/, "1 22 333"), Regex.named_captures(~r/(?<y>\d+)-(?<m>\d+)/, "2024-05"), Regex.replace(~r/(a)(b)/, "abab", "\\2\\1"), Regex.split(~r/[,;]/, "a,b;c"), Regex.match?(~r/ö/u, s), Regex.escape("a.b*c"),
      Integer.to_string(255, 16), Integer.parse("12abc"), Integer.digits(1234), Integer.undigits([1, 2, 3]), Integer.pow(2, 100), Integer.gcd(12, 18), Integer.floor_div(-7, 2), Integer.mod(-7, 3), Float.round(3.14159, 2), Float.floor(2.7), Float.ratio(0.75), Float.parse("1.5e3x"), Float.to_string(0.1),
      inspect(%{"b" => nil, a: [1, "two", :three, {4.0}]}), inspect([1, 2], charlists: :as_lists), inspect('abc'), inspect("a\nb\0"), inspect(%__MODULE__{}), inspect(:"odd atom"), inspect(<<1::3>>), inspect(&String.length/1), inspect(1..5), inspect(MapSet.new([1])), inspect(%MyError{message: "m"}),
      inspect(Enum.to_list(1..200)), inspect(%{long: String.duplicate("word ", 30), list: Enum.to_list(1..40)}, pretty: true, width: 40), inspect(~D[2024-02-29]), inspect(~T[10:20:30]), inspect(~r/a/i), to_string([?a, "b"]), to_string(1.0), to_string(:atom), "#{1 + 1} #{:x} #{[?a]}",
      ~w(a b c), ~w(a b)a, ~s(quote "s"), ~S(no #{interp}), ~c"chars", """
      heredoc
        text
      """, <<1, 2::16, "abc"::binary, 3.0::float>>, byte_size(s), for(<<a::4, b::4 <- <<0x12, 0x34>> >>, do: {a, b}), Base.encode16("abc"), Base.decode64!("YWJj"), Base.encode32("hello"), Base.url_encode64(<<255, 254>>),
      %__MODULE__{name: "y"}, %{%__MODULE__{} | age: 2}, Map.from_struct(%__MODULE__{}), struct(__MODULE__, age: 9), Shape.area(%Square{side: 3}), Shape.area({:circle, 2}), outcome(fn -> Shape.area(5) end), Shape.impl_for([]),
      with({:ok, a} <- {:ok, 1}, {:ok, b} <- {:error, :no}, do: a + b), with({:ok, a} <- {:ok, 1}, b = a + 1, do: {a, b}), cond_test(5), cond_test(-5), case_test({:a, 1}), case_test(%{k: 2}), pipe(5), default(), default(7), try_test(),
      Date.add(~D[2024-02-28], 2), Date.diff(~D[2024-12-25], ~D[2024-01-01]), Date.day_of_week(~D[2024-05-06]), DateTime.from_unix!(1_700_000_000), NaiveDateTime.add(~N[2024-01-01 00:00:00], 86399), Time.add(~T[23:59:59], 2), Date.range(~D[2024-01-30], ~D[2024-02-02]) |> Enum.map(&Date.to_string/1),
      Calendar.strftime(~U[2024-05-06 07:08:09Z], "%Y/%m/%d %H:%M:%S %A"), Date.from_iso8601("2024-02-30"), Version.compare("1.2.3", "1.10.0"), Version.match?("1.5.0", "~> 1.4"), URI.parse("http://a.b:80/c?d=e#f"), URI.encode_query(a: 1, b: "x y"), URI.decode("%C3%A5"), Path.join("a", "b.ex"), Path.extname("x.tar.gz"),
      outcome(fn -> raise "boom" end), outcome(fn -> raise MyError, message: "mine" end), outcome(fn -> raise ArgumentError end), outcome(fn -> String.to_integer("x") end), outcome(fn -> throw_it() end), outcome(fn -> 1 / zero() end), outcome(fn -> nil.foo end), outcome(fn -> apply(Nope, :f, []) end),
      outcome(fn -> case_test(:none) end), outcome(fn -> hd(Process.get(:nothing, [])) end), outcome(fn -> %{} = zero() end), outcome(fn -> String.upcase(zero()) end), Exception.format(:error, %MyError{message: "m"}, []), Exception.format_mfa(M, :f, 2), Macro.to_string(quote(do: if(a, do: b + 1, else: c |> d()))),
      Code.eval_string("Enum.map([1,2], & &1 + x)", x: 5) |> elem(0), Macro.underscore("FooBar.BazQux"), Macro.camelize("foo_bar"), Code.format_string!("foo( 1,2 )") |> IO.iodata_to_binary(), Code.string_to_quoted!("a |> b.(1) + 2"), OptionParser.parse(["--x", "1", "-v", "f"], strict: [x: :integer, v: :boolean], aliases: [v: :v])
    ]
  end

  defp zero, do: Process.get(:zero, 0)
  defp throw_it, do: throw(:ball)
  defp cond_test(x), do: (cond do x > 0 -> :pos; x < 0 -> :neg; true -> :zero end)

  defp case_test(x) do
    case x do
      {:a, n} when is_integer(n) -> n
      %{k: v} -> {:k, v}
    end
  end

  defp pipe(x), do: x |> Kernel.+(1) |> then(&(&1 * 2)) |> tap(fn _ -> :ignored end) |> to_string()
  defp default(x \\ 3), do: x

  defp try_test do
    try do
      raise ArgumentError, "a"
    rescue
      e in [RuntimeError, ArgumentError] -> {:rescued, e.message}
    else
      _ -> :else
    after
      Process.put(:after, true)
    end
  end

  defp outcome(fun) do
    fun.()
  rescue
    e -> {e.__struct__, Exception.message(e)}
  catch
    kind, value -> {kind, value}
  end
end
