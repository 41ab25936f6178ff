# Has ExUnit write how each test ends to the file in JOIST_ELIXIR_RESULTS, a line each:
# application:module:test <tab> outcome <tab> the first line of why. Loaded before test_helper.exs.
defmodule Joist.Results do
  use GenServer

  @impl true
  def init(_options) do
    {:ok, File.open!(System.fetch_env!("JOIST_ELIXIR_RESULTS"), [:append, :utf8])}
  end

  @impl true
  def handle_cast({:test_finished, test}, file) do
    name = "#{inspect(test.module)}:#{test.name}" |> String.replace(~r/\s+/, " ")
    {outcome, why} = outcome(test.state)
    application = System.fetch_env!("JOIST_ELIXIR_APPLICATION")
    IO.puts(file, Enum.join([application <> ":" <> name, outcome, why], "\t"))
    {:noreply, file}
  end

  def handle_cast(_event, file), do: {:noreply, file}

  defp outcome(nil), do: {"ok", ""}
  defp outcome({:failed, failures}), do: {"fail", why(failures)}
  defp outcome({kind, _}), do: {"#{kind}", ""}

  defp why([{kind, reason, stack} | _]) do
    Exception.format_banner(kind, reason, stack)
    |> String.replace(~r/\s+/, " ")
    |> String.slice(0, 400)
  end
end

Application.load(:ex_unit)
Application.put_env(:ex_unit, :formatters, [ExUnit.CLIFormatter, Joist.Results])
Application.put_env(:ex_unit, :seed, 0)
