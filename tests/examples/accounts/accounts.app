{application, accounts,
 [{description, "Accounts that survive the crash of their teller"},
  {vsn, "1.0"},
  {modules, [accounts_app, accounts_sup, accounts_store, accounts_teller, accounts_demo]},
  {registered, [accounts_sup, accounts_store, accounts_teller]},
  {applications, [kernel, stdlib]},
  {mod, {accounts_app, []}}]}.
