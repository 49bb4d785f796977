/** Entry of the served page. */
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { Guarded } from './parts/guarded.tsx';

const page = document.getElementById('page');
if (page !== null) {
  render(
    <Guarded>
      <App />
    </Guarded>,
    page,
  );
}
